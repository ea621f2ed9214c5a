"""spidev as far as drivers and packages use it: a transfer goes to the chip model."""

from typing import Any

bench: Any = None  # tests.boards.chips.PiBench


class SpiDev:
    def __init__(self) -> None:
        self.max_speed_hz = 0
        self.device = -1

    def open(self, bus: int, device: int) -> None:
        if bus != 0 or device not in bench.spi:
            raise FileNotFoundError(2, "No such file or directory", f"/dev/spidev{bus}.{device}")
        self.device = device

    def xfer2(self, octets: list[int]) -> list[int]:
        bench.spend(10 + 8 * len(octets))
        answer: list[int] = bench.spi[self.device].transfer(octets)
        return answer
