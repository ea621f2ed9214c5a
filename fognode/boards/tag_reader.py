"""An MFRC522 by the registers of the package mfrc522; requests and anticollision are our own.

Those of mfrc522 0.0.7 take ``~`` for ``not``, so without a card they poll 2,000 times, give a
dead reader out for an empty one, and name a 7-byte tag by half of its UID.  Used are its
constructor, its register read and write.  Enumerates every tag of ISO/IEC 14443-A in the
field, as firmware/drivers/rc522.c does.

Source: NXP MFRC522 datasheet 9.3; ISO/IEC 14443-3, 6.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from fognode.boards.pins import Fault, Heard, Ticks, load_gpio
from fognode.boards.wired import ABSENT, Sensor

# Registers, by the datasheet's names.
COMMAND, COM_IRQ, ERROR, FIFO_DATA, FIFO_LEVEL = 0x01, 0x04, 0x06, 0x09, 0x0A
BIT_FRAMING, COLL, MODE, TX_CONTROL, TX_ASK = 0x0D, 0x0E, 0x11, 0x14, 0x15
RF_CFG, T_MODE, T_PRESCALER, T_RELOAD_H, T_RELOAD_L = 0x26, 0x2A, 0x2B, 0x2C, 0x2D
VERSION = 0x37
IDLE, TRANSCEIVE = 0x00, 0x0C
IRQ_TIMER, IRQ_RX, IRQ_CLEAR = 0x01, 0x20, 0x7F
WRONG, COLLIDED = 0x13, 0x08  # overflow, parity, protocol; two tags answered otherwise
REQA, WUPA, HLTA, CASCADE_TAG, SAK_MORE = 0x26, 0x52, 0x50, 0x88, 0x04
LEVELS = (0x93, 0x95)

PRESCALER = 0xA9  # one timer tick is 25 us
TICKS_5_MS, TICKS_1_MS = 200, 40
LIMIT_S = 0.02  # our own, should the chip's timer die with the chip
POLL_S = 0.0002
FIELD_S = 0.006  # off and on again: tags need 5 ms each way
ROUND_TAGS = 7  # one more than sense.py follows, so that too many is noticed
AWAY_ROUNDS = 3


class Answer(NamedTuple):
    """What came back from the tags; ``collided`` = some bits are of several."""

    octets: bytes
    collided: bool


def crc_a(octets: bytes) -> bytes:
    """Return CRC_A of a frame.  Source: ISO/IEC 14443-3, annex B."""
    crc = 0x6363
    for octet in octets:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ 0x8408 if crc & 1 else crc >> 1
    return crc.to_bytes(2, "little")


class Exchange:
    """Frames to the tags and back, over the chip's registers."""

    def __init__(
        self, put: Callable[[int, int], None], get: Callable[[int], int], ticks: Ticks
    ) -> None:
        self.put, self.get, self._ticks = put, get, ticks

    def send(self, frame: Sequence[int], framing: int, patience: int) -> Answer | None:
        """Send a frame; return what answers within the chip's timer, None for nothing whole.

        ``framing``: low nibble = bits of the last byte to send (0 = all), high nibble = bit of
        the first answer byte at which the answer starts.
        """
        self.put(T_RELOAD_L, patience)
        self.put(COMMAND, IDLE)
        self.put(COM_IRQ, IRQ_CLEAR)
        self.put(FIFO_LEVEL, 0x80)  # empty it
        for octet in frame:
            self.put(FIFO_DATA, octet)
        self.put(COMMAND, TRANSCEIVE)
        self.put(BIT_FRAMING, 0x80 | framing)
        heard = self._wait()
        self.put(BIT_FRAMING, framing)
        if not heard or (error := self.get(ERROR)) & WRONG:
            return None
        count = min(self.get(FIFO_LEVEL), 64)
        octets = bytes(self.get(FIFO_DATA) for _ in range(count))
        return Answer(octets, bool(error & COLLIDED))

    def _wait(self) -> bool:
        end_s = self._ticks.seconds() + LIMIT_S
        while not self._ticks.reached(end_s):
            irq = self.get(COM_IRQ)
            if irq & IRQ_RX:
                return True
            if irq & IRQ_TIMER:
                return False
            self._ticks.sleep(POLL_S)
        return False

    # --- one tag out of those that answer ---------------------------------------------------

    def request(self, command: int) -> bool:
        """Tell whether any tag answers; two that do at once collide, which is a yes too."""
        return self.send([command], 7, TICKS_1_MS) is not None  # a short frame: 7 bits

    def halt(self) -> None:
        """Send the selected tag to sleep; it does not answer to that."""
        frame = bytes([HLTA, 0])
        self.send(frame + crc_a(frame), 0, TICKS_1_MS)

    def select(self) -> bytes | None:
        """Return the UID of one tag, 4 or 7 bytes; None when the exchange fails."""
        uid = b""
        for level in LEVELS:
            part = self._narrow_down(level)
            more = self._select_level(level, part) if part else None
            if part is None or more is None or (more and part[0] != CASCADE_TAG):
                return None
            uid += part[1:4] if more else part[:4]
            if not more:
                return uid
        return None

    def _select_level(self, level: int, part: bytes) -> bool | None:
        """Select; return whether the UID goes on at the next level, None on failure."""
        frame = bytes([level, 0x70]) + part
        answer = self.send(frame + crc_a(frame), 0, TICKS_5_MS)
        if answer is None or answer.collided or len(answer.octets) != 3:
            return None
        sak = answer.octets[:1]
        return bool(sak[0] & SAK_MORE) if answer.octets[1:] == crc_a(sak) else None

    def _narrow_down(self, level: int) -> bytes | None:
        """Return the four bytes and the check byte of one tag at a cascade level."""
        part, known = bytearray(5), 0  # known: bits that are settled
        for _ in range(33):
            whole, bits = divmod(known, 8)
            sent = [level, (2 + whole) << 4 | bits, *part[: whole + (bits > 0)]]
            answer = self.send(sent, bits << 4 | bits, TICKS_5_MS)
            if answer is None or len(answer.octets) > 5 - whole:
                return None
            kept = part[whole] & (1 << bits) - 1
            part[whole : whole + len(answer.octets)] = answer.octets
            part[whole] = part[whole] & 0xFF << bits & 0xFF | kept
            if not answer.collided:
                intact = len(answer.octets) == 5 - whole and _check_byte(part) == part[4]
                return bytes(part) if intact else None
            differs = self._collision_bit(known)
            if not known < differs <= 32:
                return None
            known = differs
            part[(known - 1) // 8] |= 1 << (known - 1) % 8  # follow the ones
        return None

    def _collision_bit(self, known: int) -> int:
        """Return the bit, from 1 over this level, where tags differ; 0 = beyond.

        CollReg counts within the bytes received, which start at the last whole known byte.
        Source: NXP reader library, phhalHw_Rc523.
        """
        coll = self.get(COLL)
        return 0 if coll & 0x20 else (known & ~7) + (coll & 0x1F or 32)


def _check_byte(part: Sequence[int]) -> int:
    return part[0] ^ part[1] ^ part[2] ^ part[3]


class TagReader:
    """One MFRC522: who is in its field, a few centimetres wide."""

    sensor = Sensor(name="C1", type="tag", unit="uid", period_ms=100)
    pause_s = 0.1

    def __init__(self, device: int, reset_pin: int, ticks: Ticks) -> None:
        self._device, self._reset_pin, self._ticks = device, reset_pin, ticks
        self._chip: Any = None
        self._exchange: Exchange | None = None
        self._away = 0  # rounds without a chip

    def open(self) -> None:
        """Open SPI bus 0 and the reset pin, once: each MFRC522() adds a log handler."""
        if self._chip is not None:
            return
        load_gpio()  # before it: MFRC522 would count pins otherwise
        from mfrc522 import MFRC522  # noqa: PLC0415 - loads RPi.GPIO and spidev

        self._chip = MFRC522(device=self._device, pin_rst=self._reset_pin)
        logging.getLogger("mfrc522Logger").handlers.clear()
        put, get = self._chip.Write_MFRC522, self._chip.Read_MFRC522
        self._exchange = Exchange(put, get, self._ticks)

    def read(self) -> Heard:
        """Return the UIDs of all tags in the field, or that no chip answers; 0.2 s at most."""
        exchange = self._exchange
        if exchange is None or not self._present(exchange):
            self._away += 1
            return Fault(ABSENT) if self._away >= AWAY_ROUNDS else None
        self._away = 0
        exchange.put(TX_CONTROL, 0x80)
        self._ticks.sleep(FIELD_S)
        exchange.put(TX_CONTROL, 0x83)
        self._ticks.sleep(FIELD_S)
        return tuple(self._round(exchange))

    def _round(self, exchange: Exchange) -> list[str]:
        found: list[str] = []
        command = WUPA  # first: a tag that kept its charge through the gap is still halted
        while len(found) < ROUND_TAGS and exchange.request(command):
            uid = exchange.select()
            if uid is None:
                break  # it left tags half awake; only the next field gap sorts them out
            exchange.halt()
            found.append(uid.hex().upper())
            command = REQA
        return found

    def _present(self, exchange: Exchange) -> bool:
        """Is a chip there that holds our set-up?  A brown-out loses it without a word."""
        if self._answers(exchange):
            return True
        self._set_up(exchange)
        if self._answers(exchange):
            return True
        gpio = load_gpio()
        gpio.output(self._reset_pin, 0)
        self._ticks.sleep(1e-5)
        gpio.output(self._reset_pin, 1)  # its oscillator has a whole round to start
        return False

    @staticmethod
    def _answers(exchange: Exchange) -> bool:
        version = exchange.get(VERSION)
        return version not in (0x00, 0xFF) and exchange.get(T_PRESCALER) == PRESCALER

    @staticmethod
    def _set_up(exchange: Exchange) -> None:
        exchange.put(T_MODE, 0x80)  # the timer starts at the end of each transmission
        exchange.put(T_PRESCALER, PRESCALER)
        exchange.put(T_RELOAD_H, 0)
        exchange.put(TX_ASK, 0x40)  # 100 % ASK, as ISO 14443-A asks
        exchange.put(MODE, 0x3D)
        exchange.put(RF_CFG, 0x70)  # gain 48 dB
