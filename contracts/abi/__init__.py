"""The compiled contract, shipped in the wheel: ABI, bytecode, compiler, code hash."""
