"""What the scripts share: a county in a folder (archive, witness, docks, recorders), the demo, the benchmarks."""
