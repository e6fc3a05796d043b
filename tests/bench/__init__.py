"""`make bench`: the figures of the contract, each beside a reference measured in the same run."""
