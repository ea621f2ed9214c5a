"""The trial's tag reader says what stands before its antennas."""

import socket

from fognode.trial.reader import TrialReader

EPC = "E28011606000020A1B2C3D4E"


def test_tags_before_antennas_are_told_again_and_again() -> None:
    reader = TrialReader()
    try:
        reader.put(3, EPC, -57)
        with socket.create_connection(("127.0.0.1", reader.port), 5) as line:
            line.settimeout(5)
            told = b""
            while told.count(b"\n") < 2:
                told += line.recv(100)
            assert told.startswith(f"3,{EPC},-57\n".encode() * 2)
            reader.take(3, EPC)
            while not told.endswith(b"\n\n"):
                told += line.recv(100)
            reader.hang_up()
            while told:
                told = line.recv(100)
    finally:
        reader.close()
