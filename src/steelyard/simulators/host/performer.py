"""One session that is played, in a thread of its own."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import av.error
import av.logging
import httpx
import msgspec
import structlog

from steelyard.simulators.host import reel, stage
from steelyard.simulators.host.model import GOODS_MAX, Goods, Session

ANSWER_SECONDS_MAX = 5
PAUSE_SECONDS_MAX = 15.0
CLIPS_MAX = 16
"""That are kept: some 300 kB each."""

log = structlog.get_logger()


class Performer:
    """Plays one session in a thread of its own; what is explained may change while it plays."""

    def __init__(self, session: Session, *, clock: bool = False) -> None:
        self.session = session
        self._clock = clock
        self._gone = threading.Event()
        self._clips: dict[bytes, Future[bytes]] = {}
        self._place = -1
        self._shown: bytes | None = None
        self._studio = ThreadPoolExecutor(1, thread_name_prefix="studio")
        self._thread = threading.Thread(target=self._perform, name=f"host-{session.stream}", daemon=True)
        self._thread.start()

    def leave(self) -> None:
        self._gone.set()

    def _perform(self) -> None:
        """Until it is told to leave: also when the origin is away, or hangs up."""
        av.logging.set_level(None)
        pause = 1.0
        while not self._gone.is_set():
            try:
                if self._clock:
                    still = stage.scene(self.session, self._goods()[0], 0, None)
                    reel.play_clock(self.session.push, still, self._gone.is_set, self._gone.wait)
                else:
                    reel.play(self.session.push, self._following, self._gone.is_set, self._gone.wait)
                pause = 1.0
            except (av.error.FFmpegError, OSError) as error:
                log.info("host.not_taken", stream=self.session.stream, error=type(error).__name__)
                self._gone.wait(pause)
                pause = min(pause * 2, PAUSE_SECONDS_MAX)
        self._studio.shutdown(wait=False, cancel_futures=True)

    def _goods(self) -> Sequence[Goods]:
        return self.session.goods[:GOODS_MAX] or [Goods(self.session.title, "")]

    def _following(self) -> bytes:
        """The clip that comes next: of what is explained now, as long as something is, else of the next of the goods. While it
        is still being made, the one before is shown again; the one after it is begun meanwhile."""
        goods, now = self._goods(), self.session.now
        explained = now is not None and now < len(goods)
        place = now if now is not None and explained else (self._place + 1) % len(goods)
        wanted = self._developed(goods[place], place)
        if not explained:
            self._developed(goods[(place + 1) % len(goods)], place + 1)
        if self._shown is None or (wanted.done() and wanted.exception() is None):
            self._place, self._shown = place, wanted.result()
        return self._shown

    def _developed(self, goods: Goods, place: int) -> "Future[bytes]":
        """The clip of one of the goods, as it is named and priced now."""
        facts = msgspec.json.encode(goods)
        if facts not in self._clips:
            while len(self._clips) >= CLIPS_MAX:
                del self._clips[next(iter(self._clips))]
            self._clips[facts] = self._studio.submit(self._made, goods, place)
        return self._clips[facts]

    def _made(self, goods: Goods, place: int) -> bytes:
        return reel.scene(stage.scene(self.session, goods, place, _fetched(goods.picture)), seed=place)


def _fetched(address: str) -> bytes | None:
    """A picture, if it can be had."""
    if not address:
        return None
    try:
        answer = httpx.get(address, timeout=ANSWER_SECONDS_MAX, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL):
        return None
    return answer.content if answer.is_success else None
