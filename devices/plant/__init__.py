"""Pretends to be the machines so well that the drivers cannot tell.

A tower of its own: it reads the profile tables and the site file itself, and knows nothing of our drivers. Started as a
process by `python -m devices.plant --config config.toml`; nobody imports it.

    __main__  assembly                     the process: every machine of the site, its clock, its servers
    modbus_server  opcua_server            the wires; one library each
    registers  tables                      words on the wire; the profile tables
    machine  orders  faults                the PLC's frame: orders, watchdog, boot, what one machine shows
    pot  soaking  packing  instruments     what each kind of machine does with an order
    process  physics                       how time passes in a phase; water, heat and steam
    retain  log  packml                    memory kept over a power cut; what really happened; the numbers
"""
