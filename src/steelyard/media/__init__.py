"""The media origin: takes hosts' video by RTMP or WHIP and hands it to players as low-latency HLS, keeping a recording.

A program of its own (`steelyard media`), which knows nothing of the house: it asks and tells by HTTP callbacks in the form of
SRS (docs/decisions/0160). Nothing is transcoded, and no codec is called: H.264, AAC and Opus go into fragments of MP4 as
they came.

amf · chunks · rtmp        the Real-Time Messaging Protocol, as far as a publisher needs it
whip · annexb              WebRTC, for browsers that publish
codecs · boxes · packager  frames to fragments of MP4: parts of a fifth of a second, segments of one to two seconds
playlists · recording      what players read; what stays on disk
streams · hooks            who publishes what; what the house is asked and told
web · serving              the HTTP side; all of it put together
"""
