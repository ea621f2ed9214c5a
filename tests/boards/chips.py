"""Models of the chips on a Raspberry Pi's pins, on a clock that only the calls move.

Written from the datasheets, as firmware/sim/models are, and sharing nothing with the drivers.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any

FAR = 2**62


class PiBench:
    """Pins, SPI chips and the time; ``seconds`` and ``sleep`` are the driver's clock."""

    def __init__(self) -> None:
        self.now_us = 1_000_000
        self.call_us = 2  # a call of RPi.GPIO on a Pi
        self.preempted_us: list[int] = []  # so long the kernel takes the processor, per output
        self.ways: dict[int, int] = {}
        self.levels: dict[int, Callable[[], bool]] = {}
        self.drivers: dict[int, Callable[[bool], None]] = {}
        self.spi: dict[int, Any] = {}
        self._lock = threading.Lock()

    def spend(self, us: int) -> None:
        with self._lock:
            self.now_us += us

    def level(self, pin: int) -> bool:
        return self.levels[pin]()

    def drive(self, pin: int, level: bool) -> None:
        if pin in self.drivers:
            self.drivers[pin](level)
        if self.preempted_us:
            self.spend(self.preempted_us.pop(0))

    def seconds(self) -> float:
        self.spend(1)
        return self.now_us / 1e6

    def sleep(self, s: float) -> None:
        self.spend(round(s * 1e6))

    perf_counter = seconds  # as module time: hx711 reads the clock by itself


class Hx711:
    """HX711 at its two wires.  Source: Avia HX711 datasheet."""

    def __init__(self, bench: PiBench, data_pin: int, clock_pin: int, sps: int = 10) -> None:
        self.bench, self.period_us = bench, 1_000_000 // sps
        self.raw = 400_000
        self.gone = False
        self.pulled = True  # level of the data line while the chip is away
        self.asleep = self.clock = False
        self.slept = 0  # how often
        self.since_us = bench.now_us  # last change of the clock line
        self.ready_us = bench.now_us + self.period_us
        self.bits: int | None = None  # clocked out of the running sample
        self.sample = 0
        bench.levels[data_pin] = self.data
        bench.drivers[clock_pin] = self.drive

    def data(self) -> bool:
        if self.gone:
            return self.pulled
        self._pass_time()
        if self.asleep or self.bench.now_us < self.ready_us:
            return True
        return bool(self.sample >> 24 - self.bits & 1) if self.bits else False

    def drive(self, level: bool) -> None:
        self._pass_time()
        if level == self.clock:
            return
        was_asleep, self.clock, self.since_us = self.asleep, level, self.bench.now_us
        if was_asleep and not level:
            self.asleep, self.ready_us = False, self.bench.now_us + 4 * self.period_us
            self.bits = None
        if not level or self.asleep or self.bench.now_us < self.ready_us:
            return
        if self.bits is None:
            self.bits, self.sample = 0, max(min(self.raw, 2**23 - 1), -(2**23)) & 0xFFFFFF
        self.bits += 1
        if self.bits == 25:
            self.bits, self.ready_us = None, self.bench.now_us + self.period_us

    def _pass_time(self) -> None:
        if self.clock and not self.asleep and self.bench.now_us - self.since_us >= 60:
            self.asleep = True
            self.slept += 1


class HcSr04:
    """HC-SR04: an echo 450 us after the trigger, 38 ms long when nothing returns."""

    def __init__(self, bench: PiBench, trigger_pin: int, echo_pin: int) -> None:
        self.bench = bench
        self.mm = 420  # 0 = nothing in range
        self.stuck = self.gone = False
        self.triggered_us, self.high = FAR, (FAR, FAR)
        bench.levels[echo_pin] = self.echo
        bench.drivers[trigger_pin] = self.drive

    def drive(self, level: bool) -> None:
        now = self.bench.now_us
        if level:
            self.triggered_us = now
        elif now - self.triggered_us >= 9 and now > self.high[1] % FAR and not self.gone:
            lasts_us = self.mm * 10_000 // 1_715 if self.mm else 38_000
            self.high = (now + 450, now + 450 + lasts_us)

    def echo(self) -> bool:
        return self.stuck or self.high[0] <= self.bench.now_us < self.high[1]


class Mcp3008:
    """MCP3008 at SPI.  Source: Microchip DS21295D, figure 6-1."""

    def __init__(self) -> None:
        self.counts = [0] * 8
        self.gone = False

    def transfer(self, octets: Sequence[int]) -> list[int]:
        if self.gone:
            return [0xFF] * len(octets)
        start, channel, _ = octets
        assert start == 1
        assert channel & 0x80, "single-ended"
        value = self.counts[channel >> 4 & 7]
        return [0xFF, 0xF8 | value >> 8, value & 0xFF]  # nobody drives before the null bit


class Card:
    """An ISO 14443-A tag.  Source: ISO/IEC 14443-3, 6."""

    def __init__(self, uid: str) -> None:
        self.uid = bytes.fromhex(uid)
        self.state, self.level = "idle", 0
        self.keeps = False  # its charge outlasts a short gap of the field

    def parts(self) -> list[bytes]:
        uids = [self.uid] if len(self.uid) == 4 else [b"\x88" + self.uid[:3], self.uid[3:]]
        return [part + bytes([part[0] ^ part[1] ^ part[2] ^ part[3]]) for part in uids]

    def hear(self, frame: bytes, last_bits: int) -> list[int]:
        """Return the answer as bits, lowest first; [] = none."""
        if len(frame) == 1 and last_bits == 7:
            wakes = frame[0] == 0x52 or (frame[0] == 0x26 and self.state == "idle")
            self.state, self.level = ("ready" if wakes else self.state), 0
            return bits_of(b"\x44\x00" if len(self.uid) == 7 else b"\x04\x00") if wakes else []
        if self.state == "active" and frame == b"\x50\x00\x57\xcd":
            self.state = "halted"
            return []
        if self.state != "ready" or frame[0] != (0x93, 0x95)[self.level]:
            self.state = "halted" if self.state == "halted" else "idle"
            return []
        return self._selected(frame) if frame[1] == 0x70 else self._narrowed(frame)

    def _narrowed(self, frame: bytes) -> list[int]:
        known = 8 * ((frame[1] >> 4) - 2) + (frame[1] & 7)
        mine = bits_of(self.parts()[self.level])
        return mine[known:] if mine[:known] == bits_of(frame[2:])[:known] else []

    def _selected(self, frame: bytes) -> list[int]:
        if frame[2:7] != self.parts()[self.level] or crc_a(frame[:7]) != frame[7:9]:
            return []
        more = self.level + 1 < len(self.parts())
        self.level += more
        self.state = "ready" if more else "active"
        sak = bytes([0x04 if more else 0x08])
        return bits_of(sak + crc_a(sak))


def bits_of(octets: bytes) -> list[int]:
    return [octet >> bit & 1 for octet in octets for bit in range(8)]


def crc_a(octets: bytes) -> bytes:
    """Bit by bit, as the standard draws the shift register."""
    crc = [0x6363 >> bit & 1 for bit in range(16)]
    for bit in bits_of(octets):
        into = crc.pop(0) ^ bit
        crc.append(into)
        crc[3] ^= into
        crc[10] ^= into
    return bytes(sum(crc[8 * half + bit] << bit for bit in range(8)) for half in (0, 1))


class Mfrc522:
    """MFRC522 at SPI, with tags in its field.  Source: NXP MFRC522 datasheet 9."""

    def __init__(self, bench: PiBench, reset_pin: int, version: int = 0x92) -> None:
        self.bench, self.version = bench, version
        self.cards: dict[str, Card] = {}
        self.gone = self.held = False
        self.dead = 0xFF  # what the bus reads while the chip is gone
        self.deaf = 0  # so many requests are not heard
        self.transfers = 0
        bench.drivers[reset_pin] = self.reset
        self._power_on()

    def reset(self, level: bool) -> None:
        self.held = not level
        if self.held:
            self._power_on()

    def transfer(self, octets: Sequence[int]) -> list[int]:
        self.transfers += 1
        if self.gone:
            self._power_on()
            return [self.dead] * len(octets)
        if self.held:
            return [0xFF] * len(octets)
        if self.due is not None and self.bench.now_us >= self.due:
            self._complete()
        address, value = octets
        register = address >> 1 & 0x3F
        if address & 0x80:
            return [0, self._read(register)]
        self._write(register, value)
        return [0, 0]

    def put_card(self, uid: str) -> None:
        self.cards[uid] = Card(uid)

    def _power_on(self) -> None:
        self.registers = [0] * 64
        self.fifo = b""
        self.due: int | None = None
        self.answer: list[int] = []
        self.collision = 0
        self.field_us = FAR

    def _read(self, register: int) -> int:
        if register == 0x09:
            first, self.fifo = self.fifo[:1] or b"\0", self.fifo[1:]
            return first[0]
        return {0x0A: len(self.fifo), 0x37: self.version}.get(register, self.registers[register])

    def _write(self, register: int, value: int) -> None:
        if register == 0x01:
            self.due = None
            if value == 0x0F:
                self._power_on()
        elif register == 0x04:
            self.registers[0x04] &= ~value
            return
        elif register == 0x09:
            self.fifo += bytes([value])
        elif register == 0x0A:
            self.fifo = b"" if value & 0x80 else self.fifo
        elif register == 0x14:
            self._switch_field(value)
        self.registers[register] = value
        if register == 0x0D and value & 0x80 and self.registers[0x01] & 15 == 0x0C:
            self._transmit()

    def _switch_field(self, value: int) -> None:
        was, now = self.registers[0x14] & 3 == 3, value & 3 == 3
        if now and not was:
            self.field_us = self.bench.now_us
            for card in self.cards.values():
                card.state = card.state if card.keeps else "idle"

    def _transmit(self) -> None:
        frame, self.fifo = self.fifo, b""
        self.answer, self.collision = [], 0
        powered = self.registers[0x14] & 3 == 3 and self.bench.now_us - self.field_us >= 5_000
        if len(frame) == 1 and self.deaf:
            self.deaf, powered = self.deaf - 1, False
        for card in self.cards.values() if powered else ():
            if bits := card.hear(frame, self.registers[0x0D] & 7):
                self._overlay(bits)
        prescaler = (self.registers[0x2A] & 15) << 8 | self.registers[0x2B]
        reload = self.registers[0x2C] << 8 | self.registers[0x2D]
        wait_us = (2 * prescaler + 1) * (reload + 1) * 100 // 1356
        took_us = 100 + 9 * len(self.answer) if self.answer else wait_us
        self.due = self.bench.now_us + 72 * len(frame) + took_us

    def _overlay(self, bits: list[int]) -> None:
        if not self.answer:
            self.answer = list(bits)
            return
        common = self.collision - 1 if self.collision else len(self.answer)
        differs = [at for at in range(common) if self.answer[at] != bits[at]]
        if differs:
            self.collision = differs[0] + 1
            self.answer[differs[0] :] = [0] * (len(self.answer) - differs[0])

    def _complete(self) -> None:
        self.due = None
        if not self.answer:
            self.registers[0x04] |= 0x01
            return
        align = self.registers[0x0D] >> 4 & 7
        laid = [0] * align + self.answer
        laid += [0] * (-len(laid) % 8)
        octets = [sum(laid[at + bit] << bit for bit in range(8)) for at in range(0, len(laid), 8)]
        self.fifo = bytes(octets)
        self.registers[0x04] |= 0x30
        self.registers[0x06] = 0x08 if self.collision else 0
        at = self.collision + align
        self.registers[0x0E] = at & 0x1F if self.collision and at <= 32 else 0x20
