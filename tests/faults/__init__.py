"""`make faults`: break things at random, then judge by what the machines themselves wrote down."""
