"""Journeys: what a shop does with its customers by itself, one step after the other, each when its time has come.

`graph` is what a journey says, `catalogue` by what it begins and what it waits for, `validating` what is wrong with one,
`playbooks` are ready ones. `hearing` takes in news (`following` reads what people do), `enrolling` lets people in, `calling` and
`callers` many at once; `running` moves whose time has come, `acting` does what a box says, `outcomes` are what comes of it,
`sending` is for messages, `telling` what they tell of, `intervals` how long they wait before they buy again. `judging` has a
split judged by an experiment, `splits` what stays as it is meanwhile. `travellers` and `counts` write down who went where.
`simulating` plays a journey over the past: `happening` is what happened then, `playing` the rules (pure). `forgetting` is for
who leaves. The rules stand in docs/algorithms/journeys.md.
"""

from steelyard.operations.journeys.forgetting import forget
from steelyard.operations.journeys.judging import (
    LiveSplit,
    judge_split,
    live_split,
    live_splits,
    ship_way,
    start_judging,
)
from steelyard.operations.journeys.playbooks import PLAYBOOKS, copy_playbook, playbook
from steelyard.operations.journeys.playing import CouponsGiven, Simulation
from steelyard.operations.journeys.queries import funnel, going_by, journey, listed, of_buyer, people, versions
from steelyard.operations.journeys.service import change, copy, end, make, pause, resume, start
from steelyard.operations.journeys.simulating import simulate
from steelyard.operations.journeys.validating import faults_of

__all__ = [
    "PLAYBOOKS",
    "CouponsGiven",
    "LiveSplit",
    "Simulation",
    "change",
    "copy",
    "copy_playbook",
    "end",
    "faults_of",
    "forget",
    "funnel",
    "going_by",
    "journey",
    "judge_split",
    "listed",
    "live_split",
    "live_splits",
    "make",
    "of_buyer",
    "pause",
    "people",
    "playbook",
    "resume",
    "ship_way",
    "simulate",
    "start",
    "start_judging",
    "versions",
]
