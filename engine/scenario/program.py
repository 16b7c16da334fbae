# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a scenario is compiled to, and what it needs of the call that runs it: the contract with `engine.call`.

A `Program` is made once a run. Its steps carry no names to look up and nothing to parse: a jump is the index of a
step, a variable is the index of a list, a message is one callable that takes the call and returns bytes. Whatever is
known before the run (`RunFacts`) is folded into the constants.

A `Program` is shared by all calls of a shard and never changes; what changes is in the call (`CallState`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from engine.messages import Failure, Role
from engine.scenario.call_media import CallMedia, Prefix
from engine.scenario.data_files import DataFile
from engine.scenario.tracks import Tracks
from engine.scenario.variables import Memory, Value, Variable
from engine.sip.authentication import Authentication, SequenceNumbers
from engine.sip.message import Message


class Hold(Protocol):
    """What a call waits for before it goes on: something that comes about without a message."""

    def is_over(self, call: CallState, late: bool) -> bool:
        """Whether the call may go on. `late`: it has waited for as long as it would and goes on anyway, failed or not."""


class CallState(Protocol):
    """What keywords and actions see of a call; `engine.call.Call` implements it."""

    number: int
    """The call's number, from 1."""
    digits: bytes
    """The number as it is written: every message has it several times."""
    call_id: bytes
    cseq: int
    """[cseq]: `RunFacts.base_cseq - 1` when the call starts; raised by `SendStep.raises_cseq`, and by a received request to
    the number of its CSeq if that is higher."""
    user: int
    """[userid]: from 1, or 0 without -users."""
    step_index: int
    """Index of the step being executed."""
    last: Message | None
    """The last message received that was no retransmission. While the actions of a `recv` run: the one before, as in
    SIPp; that is why `message` stands apart."""
    message: bytes
    """What the step at hand sent or received; in a step that does neither, the last message received, or nothing."""
    variables: list[Value]
    """One value for each of `Program.variables`."""
    user_variables: list[Value]
    """The values that the calls of its user share (`Memory`)."""
    routes: bytes
    """The whole `Route: …` line kept by rrs, or nothing."""
    next_url: bytes
    """Of the Contact kept by rrs: what stands between its < and > when it begins with <, else its whole value."""
    authentication: Authentication | None
    """The latest challenge kept by auth; None until there is one."""
    local_port: int
    """The port that this call sends from."""
    local_ip: str
    """The address that this call sends from, where it has one of its own; else ""."""
    circuit: int
    """Index of the call's TDM circuit (`Program.circuits`)."""

    @property
    def media(self) -> CallMedia:
        """The call's media, made when it is first asked for."""

    @property
    def peer_tag(self) -> bytes:
        """`;tag=…` of the last To received, or nothing."""

    def fail(self, failure: Failure, detail: str) -> None:
        """End the call as failed in this class; `detail` is for people."""

    def jump_to(self, index: int) -> None:
        """Go on at that step when this one is done; see `engine.scenario.actions.flow`."""

    def restore_pause(self, until_ms: float) -> None:
        """Wait until that time, of [clock_tick], when this step is done; the step at hand then is passed over."""

    def hold(self, hold: Hold, timeout_ms: int) -> None:
        """Go on from this step only when that is over: it is asked now and then."""

    def log(self, text: str) -> None:
        """Hand on what a <log> action wrote."""

    def log_event(self, text: str, level: str, name: str, attributes: tuple[tuple[str, str], ...]) -> None:
        """The same, with what the action says beside it; `level` is `info`, `warn` or `error`."""

    def warn(self, text: str) -> None:
        """Tell a person; the call goes on."""

    def execute(self, command: bytes, label: str) -> None:
        """Have a command of the shell run, and wait for nothing; its failure is told under `label`."""

    def set_destination(self, host: str, port: str, protocol: str) -> None:
        """Send what follows there. When that cannot be, the call has failed and is over."""

    def close_connection(self) -> None:
        """Close what only this call sends through; what follows goes out through another."""

    def stop_call(self) -> None:
        """End the call as failed once the step at hand is done, when that has received a message; its peer is not told."""

    def end_run(self) -> None:
        """Have no more calls begin; those that are open go on."""


class RunAborted(Exception):
    """Raised by an action that ends the run at once; its text is the run's error. Without a text it is none: the run was
    stopped, as the scenario says."""


class Unsendable(Exception):
    """What a `Render` of a `SendStep`, or an action, may raise: it cannot be done, for a reason that a person can act on.
    The call has failed in this class."""

    def __init__(self, reason: str, failure: Failure = Failure.CANNOT_SEND) -> None:
        self.failure = failure
        super().__init__(reason)


Render = Callable[[CallState], bytes]
"""A compiled template."""
Action = Callable[[CallState], None]
"""A compiled action. Stop a step's actions when one has failed the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """The constants of a run. Addresses are bare (no brackets); IPv6 is seen by the colon.

    `local_port` is 0 when each call has a socket of its own. `lost` is the default share in per cent. `users` is None
    without -users. `data_files` are by base name, in the order of -inf: the first serves `[field0]` without `file=`.
    """

    local_ip: str
    local_port: int
    transport: str = "UDP"
    remote_host: str = ""
    remote_ip: str = ""
    remote_port: int = 5060
    media_ip: str = ""
    media_port: int = 6000
    with_media: bool = False
    """Calls have media."""
    rtp_payload: int = 8
    """The payload type of what is played, where nothing says another."""
    service: str = "service"
    pid: int = 0
    users: int | None = None
    base_cseq: int = 1
    call_id_format: str = "%u-%p@%s"
    call_id_type: str = "default"
    pause_ns: int = 0
    lost: float = 0.0
    recv_timeout_ns: int | None = None
    retransmits: bool = True
    """False over a reliable transport and with -nr: `retrans` is ignored then."""
    dynamic_start: int = 10_000
    dynamic_max: int = 12_000
    dynamic_step: int = 4
    tdm_map: str = ""
    server_ip_of_call: bool = False
    """[server_ip] is the address of the call (`CallState.local_ip`)."""
    local_ip_of_call: bool = False
    """And so is [local_ip]."""
    auth_username: str = ""
    """Who answers challenges where a keyword names nobody; "": `service`."""
    auth_password: str = "password"
    auth_uri: str = ""
    """The URI in credentials, with or without its scheme; "": that of the peer."""
    sequence_numbers: SequenceNumbers = field(default_factory=SequenceNumbers)
    """Those of AKA, which outlive calls."""
    keywords: tuple[tuple[str, str], ...] = ()
    data_files: Mapping[str, DataFile] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    """What outlives calls; the scenarios of a shard share it."""
    tracks: Tracks = field(default_factory=Tracks)
    """What the scenarios play; those of a shard share it."""
    random: Random = field(default_factory=Random)
    """Whatever is drawn in the run is drawn from here, so that `-seed` repeats it."""
    wall_clock: Callable[[], float] = time.time
    """Seconds since 1970, for [timestamp] and [date]."""
    tick_ns: Callable[[], int] = time.monotonic_ns
    """For [clock_tick], the ms since `started_ns`."""
    started_ns: int = field(default_factory=time.monotonic_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What every step has. Jumps are indices into `Program.steps`; `len(steps)` is the end of the call."""

    index: int
    line: int
    next: int | None = None
    """Where to go when the step is done and `test` allows it; None: to the following step."""
    test: Variable | None = None
    """The variable that must be true for `next` to be followed."""
    chance: float = 1.0
    """How often `next` is followed then, from 0 to 1."""
    condition: Variable | None = None
    """The variable that must be true for the step to be executed, or with `condition_inverse` must not be."""
    condition_inverse: bool = False
    starts: tuple[int, ...] = ()
    """Timers that start here (indices into `Program.timers`)."""
    stops: tuple[int, ...] = ()
    """Timers whose time is taken here: once a call, unless `repeat_rtd`."""
    repeat_rtd: bool = False
    counter: int | None = None
    """The counter that each passage raises by one."""
    actions: tuple[Action, ...] = ()
    books: bool = field(init=False)
    """Whether the step has timers or a counter to keep: most have none."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "books", bool(self.starts or self.stops or self.counter is not None))


@dataclass(frozen=True, slots=True, kw_only=True)
class SendStep(Common):
    """Send a message. `method` is empty for a response. `retransmit_ns` is T1, 0 for none. `lost` is from 0 to 1.

    `transaction` is the index of the one that it starts, -1 for none.
    """

    render: Render
    method: bytes
    raises_cseq: bool
    """Add one to the call's `cseq` before rendering."""
    transaction: int = -1
    retransmit_ns: int = 0
    lost: float = 0.0
    timeout_ns: int | None = None
    on_timeout: int | None = None


class Searcher(Protocol):
    """A compiled regular expression."""

    def fits(self, text: bytes, /) -> bool:
        """Whether it is found in the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecvStep(Common):
    """Wait for a message: a response with one of `statuses`, or (without any) a request with this `method`, or one that all
    of `expression` matches, where there is one.

    A response fits only if the method in its CSeq is one of `cseq_methods`, those of the requests that stand earlier
    in the scenario; with a `transaction` (its index, -1 for none) instead if it has the branch of that one's request.
    `is_global`: open from here to the end of the call. Without `advances` it never leads on.
    """

    statuses: tuple[int, ...] = ()
    method: bytes = b""
    expression: Searcher | None = None
    transaction: int = -1
    advances: bool = True
    cseq_methods: frozenset[bytes] = frozenset()
    optional: bool = False
    is_global: bool = False
    record_routes: bool = False
    ignores_sdp: bool = False
    """Do not hand on the SDP of the message."""
    authenticates: bool = False
    """Keep the challenge of a 401 or 407."""
    lost: float = 0.0
    timeout_ns: int | None = None
    on_timeout: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseStep(Common):
    """Wait: for `duration_ns`, or where there is a `draw` for what it says of a call; then `duration_ns` is its mean.

    `timewait`: the call is counted as finished and only absorbs retransmissions.
    """

    duration_ns: int
    draw: Callable[[CallState], int] | None = None
    timewait: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitsStep(Common):
    """Wait until the digits received (DTMF) begin with `pattern`, which is `text` in the file."""

    pattern: Prefix
    text: str
    timeout_ns: int | None = None
    on_timeout: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NopStep(Common):
    """Only actions, timers and a jump."""


Step = SendStep | RecvStep | PauseStep | DigitsStep | NopStep


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultMessages:
    """What is sent by default behaviours: to abort a call, and to answer a request that the scenario does not know."""

    ack: Render
    """Of an error."""
    ack2: Render
    """Of a 2xx that is followed by a BYE."""
    bye: Render
    cancel: Render
    ok200: Render


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A scenario, ready to run."""

    steps: tuple[Step, ...]
    role: Role
    timers: tuple[str, ...]
    variables: tuple[str, ...]
    counters: tuple[str, ...]
    response_bounds_ms: tuple[int, ...]
    call_length_bounds_ms: tuple[int, ...]
    call_id: Callable[[int], bytes]
    """The Call-ID of the call with this number."""
    defaults: DefaultMessages
    init: tuple[Step, ...] = ()
    """What is run once before the first call; jumps are indices into it."""
    user_memory: Memory | None = None
    """Where a call finds the variables of its user; None: the scenario has none."""
    transactions: int = 0
    """How many a call keeps the branches of."""
    acknowledges: tuple[int, ...] = ()
    """For each transaction the index of the step that sends its ACK, -1 for none."""
    unexpected: int = -1
    """Where a call goes with a message that it did not expect (`_unexp.main`); -1: to the default behaviours."""
    return_to: Variable | None = None
    """`_unexp.retaddr`: takes the index of the step at which the call stood."""
    paused_until: Variable | None = None
    """`_unexp.pausedaddr`: takes the end of the pause in which the call was, in ms of [clock_tick], or 0."""
    tick_origin_ns: int = 0
    """When [clock_tick] was 0."""
    uses_media: bool = False
    """Whether calls have media: their SDP is then looked at."""
    circuits: int = 0
    """TDM circuits (-tdmmap): each open call needs one of its own, from 0; 0: none are needed."""
