"""Boards behind wires that damage or swallow frames, and what their lanes made of it."""

import random

from fognode.boards.lane import Lane
from fognode.boards.told import Owed
from fognode.boards.wire import Frame
from tests.boards.talking import beat, hear, hello, keep, lane, light, orders


class LossyBoard:
    """A board of 24 records behind a wire that damages or swallows frames."""

    def __init__(self, chance: random.Random, talk: Lane, damage: float, silence: float) -> None:
        self.chance, self.talk, self.damage, self.silence = chance, talk, damage, silence
        self.seq = self.lost = 0
        self.held: list[int] = []
        self.waiting: list[Owed] = []
        self.told: list[str] = []

    def say(self, frame: Frame) -> None:
        if self.chance.random() < self.damage:
            self.talk.noise()
        elif self.chance.random() >= self.silence:
            owed = hear(self.talk, frame)
            self.waiting += owed
            self.told += [one.event.origin for one in owed]

    def turn(self) -> None:
        if self.chance.random() < 0.4:
            self.happen()
        if self.chance.random() < 0.3:
            keep(self.waiting)
            self.waiting = []
        if self.talk.ask or not self.talk.ready:
            for frame in hello():
                self.say(frame)
            for seq in list(self.held):
                self.say(light(seq))
        if self.talk.ack and (order := self.talk.order()):
            self.talk.ack = False
            self.held = [seq for seq in self.held if seq > order[1]]

    def happen(self) -> None:
        self.seq += 1
        self.held.append(self.seq)
        if len(self.held) > 24:
            self.held.pop(0)
            self.lost += 1
        self.say(light(self.seq))

    def settle(self) -> None:
        self.damage = self.silence = 0
        for _ in range(6):
            self.say(beat(self.lost))
            self.talk.ask = True
            self.turn()
            keep(self.waiting)
            self.waiting = []


class ResetBoard:
    """A board whose 72 newest unacknowledged events outlive its resets; some lines are damaged."""

    def __init__(self, chance: random.Random, damage: float) -> None:
        self.chance, self.damage = chance, damage
        self.talk = lane()
        self.boot, self.seq = 1, 0
        self.held: list[tuple[int, int]] = []
        self.made: list[tuple[int, int]] = []
        self.waiting: list[Owed] = []
        self.told: list[str] = []

    def say(self, frame: Frame) -> None:
        if self.chance.random() < self.damage:
            self.talk.noise()
            return
        owed = hear(self.talk, frame)
        self.waiting += owed
        self.told += [one.event.origin for one in owed]

    def turn(self) -> None:
        if self.chance.random() < 0.1:
            self.boot, self.seq = self.boot + 1, 0
            self.flush()
        if self.chance.random() < 0.4:
            self.seq += 1
            self.made.append((self.boot, self.seq))
            self.held = [*self.held, (self.boot, self.seq)][-72:]
            self.say(light(self.seq, boot=self.boot))
        if self.chance.random() < 0.3:
            self.settle()
        if self.talk.ask or not self.talk.ready:
            self.flush()
        for boot, seq in orders(self.talk) if self.talk.ack else []:
            self.held = [one for one in self.held if one[0] != boot or one[1] > seq]

    def settle(self) -> None:
        keep(self.waiting)
        self.waiting = []

    def flush(self) -> None:
        for frame in hello(self.boot):
            self.say(frame)
        for boot, seq in list(self.held):
            self.say(light(seq, boot=boot))
