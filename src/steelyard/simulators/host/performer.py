"""One session that is played, in a thread of its own."""

import threading
from collections.abc import Iterator

import av.error
import av.logging
import httpx
import structlog

from steelyard.simulators.host import reel, stage
from steelyard.simulators.host.model import GOODS_MAX, Session

ANSWER_SECONDS_MAX = 5
PAUSE_SECONDS_MAX = 15.0

log = structlog.get_logger()


class Performer:
    """Plays one session in a thread of its own; what is explained may change while it plays."""

    def __init__(self, session: Session, *, clock: bool = False) -> None:
        self.session = session
        self._clock = clock
        self._gone = threading.Event()
        self._clips: dict[int, bytes] = {}
        self._thread = threading.Thread(target=self._perform, name=f"host-{session.stream}", daemon=True)
        self._thread.start()

    def leave(self) -> None:
        self._gone.set()

    def _perform(self) -> None:
        """Until it is told to leave: also when the origin is away, or hangs up."""
        av.logging.set_level(None)
        painters = stage.scenes(self.session, self._fetched())
        pause = 1.0
        while not self._gone.is_set():
            try:
                if self._clock:
                    reel.play_clock(self.session.push, painters[0], self._gone.is_set, self._gone.wait)
                else:
                    reel.play(self.session.push, self._reels(painters), self._gone.is_set, self._gone.wait)
                pause = 1.0
            except (av.error.FFmpegError, OSError) as error:
                log.info("host.not_taken", stream=self.session.stream, error=type(error).__name__)
                self._gone.wait(pause)
                pause = min(pause * 2, PAUSE_SECONDS_MAX)

    def _reels(self, painters: list[reel.Painter]) -> Iterator[bytes]:
        """Scene after scene; the one of what is explained now, as long as something is."""
        place = -1
        while True:
            now = self.session.now
            place = now if now is not None and now < len(painters) else (place + 1) % len(painters)
            if place not in self._clips:
                self._clips[place] = reel.scene(painters[place], seed=place)
            yield self._clips[place]

    def _fetched(self) -> list[bytes | None]:
        """The pictures of its goods, as far as they can be had."""
        found: list[bytes | None] = []
        with httpx.Client(timeout=ANSWER_SECONDS_MAX, trust_env=False) as client:
            for goods in self.session.goods[:GOODS_MAX]:
                try:
                    answer = client.get(goods.picture) if goods.picture else None
                    found.append(answer.content if answer is not None and answer.is_success else None)
                except (httpx.HTTPError, httpx.InvalidURL):
                    found.append(None)
        return found
