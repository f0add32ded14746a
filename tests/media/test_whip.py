"""A browser that publishes by WHIP (RFC 9725): WebRTC in, the same playlists out."""

import asyncio
import struct
from fractions import Fraction
from typing import Any

import av
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription, VideoStreamTrack
from aiortc.mediastreams import AudioStreamTrack

from steelyard.media import annexb
from steelyard.media.boxes import initialisation
from steelyard.media.codecs import AudioConfig, VideoConfig, opus
from tests.media.conftest import KEY, Running, until
from tests.media.studio import decoded


class Camera(VideoStreamTrack):
    """A picture that turns lighter, 25 times a second."""

    async def recv(self) -> Any:
        await asyncio.sleep(0.04)
        pts, base = await self.next_timestamp()
        picture = av.VideoFrame(64, 64, "yuv420p")
        for plane in picture.planes:
            plane.update(bytes([pts // 3600 % 256]) * plane.buffer_size)
        picture.pts, picture.time_base = pts, Fraction(base)
        return picture


async def calling(running: Running, key: str = KEY) -> tuple[RTCPeerConnection, Any]:
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    camera = peer.addTransceiver(Camera(), direction="sendonly")
    codecs = RTCRtpSender.getCapabilities("video")
    assert codecs is not None
    camera.setCodecPreferences([codec for codec in codecs.codecs if codec.mimeType == "video/H264"])
    peer.addTransceiver(AudioStreamTrack(), direction="sendonly")
    await peer.setLocalDescription(await peer.createOffer())
    headers = {"authorization": f"Bearer {key}", "content-type": "application/sdp"}
    answer = await running.http.post("/whip/room", content=peer.localDescription.sdp, headers=headers)
    return peer, answer


async def test_a_browser_publishes_and_is_played(running: Running) -> None:
    peer, answer = await calling(running)
    await peer.setRemoteDescription(RTCSessionDescription(sdp=answer.text, type="answer"))
    await until(lambda: running.house.said("on_segment"), seconds=30)

    told = (await running.get("/live/room/index.m3u8")).text
    number = running.house.said("on_segment")[0]["seq_no"]
    init, segment = [(await running.get(f"/live/room/{name}")).content for name in ("init-1.mp4", f"{number}.m4s")]
    times, samples = decoded(init + segment)
    ended = await running.http.delete(answer.headers["location"], headers={"authorization": f"Bearer {KEY}"})
    await until(lambda: running.house.said("on_unpublish"))

    assert answer.status_code == 201
    assert running.house.said("on_publish")[0]["protocol"] == "whip"
    assert "opus" in told
    assert len(times) >= 10
    assert samples >= 48_000 * 0.5
    assert ended.status_code == 200
    assert running.house.said("on_unpublish")[0]["reason"] == "finished"
    await peer.close()


async def test_a_wrong_key_is_refused(running: Running) -> None:
    peer, answer = await calling(running, key="wrong")

    assert answer.status_code == 403
    assert not (running.settings.home / "room").exists()
    await peer.close()


async def test_a_browser_without_h264_is_told_so(running: Running) -> None:
    offer = "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n"

    answer = await running.http.post("/whip/room", content=offer, headers={"authorization": f"Bearer {KEY}"})

    assert answer.status_code == 406
    assert "H.264" in answer.text
    assert not running.house.heard


async def test_an_offer_that_means_nothing_leaves_nobody_on_air(running: Running) -> None:
    offer = "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 H264/90000\r\n"

    answer = await running.http.post("/whip/room", content=offer, headers={"authorization": f"Bearer {KEY}"})
    await until(lambda: running.house.said("on_dvr"))

    assert answer.status_code == 406
    assert [one["action"] for one in running.house.heard] == ["on_publish", "on_unpublish", "on_dvr"]


def test_parameter_sets_become_a_description() -> None:
    sps = bytes.fromhex("67 42c01e d9 0141 fb 01 10 00 00 03 00 10 00 00 03 03 20 f1 62 e4 80".replace(" ", ""))
    unit = annexb.read(b"\0\0\0\1" + sps + b"\0\0\0\1\x68\xce\x3c\x80" + b"\0\0\1\x65abc" + b"\0\0\1\x09\xf0")

    assert unit.key
    assert unit.data == b"\0\0\0\4\x65abc"
    assert unit.video is not None
    assert unit.video.codec == "avc1.42c01e"
    assert unit.video.width > unit.video.height > 0


def test_the_sounds_description_is_where_players_look() -> None:
    video = VideoConfig(bytes.fromhex("0164001fffe1000067640000"), 64, 64)
    aac = initialisation(video, AudioConfig(b"\x12\x10", 2, 44_100, 2))

    at = aac.index(b"esds") + 8
    assert aac[at] == 3
    assert aac[at + 5] == 4
    assert aac[at + 7 : at + 9] == b"\x40\x15"
    assert aac[at + 7 + 13 :][:4] == b"\x05\x02\x12\x10"
    assert aac[at + 7 + 13 + 4 :][:3] == b"\x06\x01\x02"
    assert struct.pack(">BBHIhB", 0, 2, 0, 48_000, 0, 0) in initialisation(video, opus(2))
