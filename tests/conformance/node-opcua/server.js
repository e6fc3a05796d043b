// An OPC UA server that shares no code with ours: the nodes of one profile on node-opcua, their values in the hands of a test.
//
// node server.js SHAPE.json, with {port, folder, namespace, strangers, secured, user, password, certificate, key, object,
// nodes: [[id, type, writable]], method: {id, arguments} or null, limits}. strangers: namespaces that come before ours and have the
// same nodes with other values; limits: the server's operation limits.
// Says {"ready": true}; then each line of JSON on standard input gets one: {"put": [id, value, atMs, status]} true,
// {"get": id} the value, {"calls": true} the arguments of every call since it was asked last. It ends with its standard input.
"use strict";
const fs = require("node:fs");
const readline = require("node:readline");
const { DataType, MessageSecurityMode, OPCUACertificateManager, OPCUAServer, SecurityPolicy, StatusCodes, Variant, VariantArrayType } = require("node-opcua");

console.log = console.error;  // standard output is for our answers alone

const shape = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const nodes = new Map();
const calls = [];

// What JavaScript cannot hold as a number, node-opcua holds as two of 32 bits.
const number = (type, value) => (type === "UInt64" ? [Math.floor(value / 2 ** 32), value % 2 ** 32] : Number(value));
const wire = (type, value) => new Variant({
    dataType: DataType[type], arrayType: VariantArrayType.Scalar, value: type === "String" ? value : number(type, value),
});
const plain = (value) => (Array.isArray(value) ? value[0] * 2 ** 32 + value[1] : value);

async function main() {
    const manager = new OPCUACertificateManager({ rootFolder: `${shape.folder}/pki`, automaticallyAcceptUnknownCertificate: false });
    await manager.initialize();
    if (shape.client) await manager.trustCertificate(Buffer.from(shape.client, "base64"));
    const server = new OPCUAServer({
        port: shape.port,
        host: "127.0.0.1",
        hostname: "127.0.0.1",
        serverCertificateManager: manager,
        ...(shape.certificate ? { certificateFile: shape.certificate, privateKeyFile: shape.key } : {}),
        securityModes: [shape.secured ? MessageSecurityMode.SignAndEncrypt : MessageSecurityMode.None],
        securityPolicies: [shape.secured ? SecurityPolicy.Basic256Sha256 : SecurityPolicy.None],
        allowAnonymous: !shape.secured,
        userManager: { isValidUser: (user, password) => user === shape.user && password === shape.password },
        disableDiscovery: !shape.secured,
        serverCapabilities: { maxSessions: shape.sessions, operationLimits: shape.limits },
        maxConnectionsPerEndpoint: 2 * shape.sessions,
    });
    await server.initialize();
    const space = server.engine.addressSpace;
    for (const uri of shape.strangers) {
        const other = space.registerNamespace(uri);
        const decoy = other.addObject({ organizedBy: space.rootFolder.objects, browseName: "Decoy", nodeId: `ns=${other.index};s=Decoy` });
        for (const [id, type] of shape.nodes) {
            const at = id.startsWith("i=") ? id : `s=${id}`;
            const made = other.addVariable({ componentOf: decoy, browseName: id, nodeId: `ns=${other.index};${at}`, dataType: type });
            made.setValueFromSource(wire(type, type === "String" ? "not ours" : 1));
        }
    }
    const own = space.registerNamespace(shape.namespace);
    const machine = own.addObject({ organizedBy: space.rootFolder.objects, browseName: "Machine", nodeId: `ns=${own.index};s=${shape.object}` });
    for (const [id, type, writable] of shape.nodes) {
        const at = id.startsWith("i=") ? id : `s=${id}`;
        const made = own.addVariable({
            componentOf: machine, browseName: id, nodeId: `ns=${own.index};${at}`, dataType: type,
            accessLevel: writable ? "CurrentRead | CurrentWrite" : "CurrentRead",
        });
        made.setValueFromSource(wire(type, type === "String" ? "" : 0));
        nodes.set(id, [made, type]);
    }
    if (shape.method) {
        const made = own.addMethod(machine, {
            browseName: "PlaceOrder", nodeId: `ns=${own.index};s=${shape.method.id}`,
            inputArguments: shape.method.arguments.map(([name, type]) => ({ name, dataType: DataType[type] })),
            outputArguments: [{ name: "reason", dataType: DataType.UInt16 }],
        });
        made.bindMethod((given, context, done) => {
            calls.push(given.map((one) => one.value));
            done(null, { statusCode: StatusCodes.Good, outputArguments: [new Variant({ dataType: DataType.UInt16, value: 0 })] });
        });
    }
    await server.start();
    return server;
}

function obey({ put, get }) {
    if (put) {
        const [id, value, at, status] = put;
        const [node, type] = nodes.get(id);
        const code = Object.values(StatusCodes).find((one) => one.value === (status || 0)) || StatusCodes.Bad;
        node.setValueFromSource(wire(type, value), code, at === null ? undefined : new Date(at));
        return true;
    }
    return get ? plain(nodes.get(get)[0].readValue().value.value) : calls.splice(0);
}

const say = (thing) => process.stdout.write(`${JSON.stringify(thing)}\n`);

main().then((server) => {
    const input = readline.createInterface({ input: process.stdin });
    input.on("line", (line) => say(obey(JSON.parse(line))));
    input.on("close", async () => {
        await server.shutdown(0);
        process.exit(0);
    });
    say({ ready: true });
}, (error) => {
    console.error(error);
    process.exit(1);
});
