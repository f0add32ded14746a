"""The live room before people's eyes: what happens in a session goes to everybody who watches, within a second.

`hub` hands the beats of sessions to viewers (one reader for each session and process, frames encoded once), `stream` is the
event stream over HTTP that a browser reads, `gathering` counts what viewers do, and `running` puts them together in a web process
(`app.state.live`).
"""
