"""Files that name other files: every playlist, reference and script that a demuxer would follow.

All of them are named `.mp4` or like a picture, as a stranger would name them. Each points at a
canary: by its absolute path, by a name beside it, or at a server on loopback.
"""

from __future__ import annotations

import struct
from pathlib import Path

from tests.hostile import boxes
from tests.hostile.boxes import box
from tests.hostile.canaries import Canaries

#: What a file that was renamed is called in a folder of attacks: so that relative names are found.
SIBLING = "sibling.mp4"


def write_all(folder: Path, canaries: Canaries) -> dict[str, Path]:
    """Write every attack, and the sibling that some of them name; returns them by what they are."""
    contents = {
        **_hls(canaries),
        **_concat(canaries),
        **_dash(canaries),
        **_lists(canaries),
        **_sessions(canaries),
        **_scripts(canaries),
        **_boxes(canaries),
        **_pictures(canaries),
    }
    contents |= _disguised(contents, canaries)
    folder.mkdir(parents=True, exist_ok=True)
    # The same file under another name: to open it here is to open it there.
    (folder / SIBLING).hardlink_to(canaries.film)
    return {name: _written(folder / f"{name}.mp4", content) for name, content in contents.items()}


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _hls(canaries: Canaries) -> dict[str, bytes]:
    film, segment = canaries.film, canaries.folder / "canary.ts"
    port = canaries.url.rpartition(":")[2]
    targets = {
        "absolute": str(segment),
        "film": str(film),
        "file-url": f"file://{segment}",
        "file-scheme": f"file:{segment}",
        "up": f"../{canaries.folder.name}/{segment.name}",
        "sibling": SIBLING,
        "http": f"{canaries.url}/a.ts",
        "tcp": f"tcp://127.0.0.1:{port}",
        "udp": f"udp://{canaries.datagrams}",
        "concat": f"concat:{segment}|{segment}",
        "subfile": f"subfile,,start,0,end,1000,,:{segment}",
        "crypto": f"crypto:{segment}",
        "async": f"async:{segment}",
        "cache": f"cache:{segment}",
        "passwd": "/etc/passwd",
        "proc": "/proc/self/environ",
        "data": "data:text/plain;base64,I0VYVE0zVQo=",
    }
    found = {f"hls-{kind}": _playlist(target) for kind, target in targets.items()}
    keyed = f'#EXT-X-KEY:METHOD=AES-128,URI="{canaries.text}",IV=0x{0:032x}\n'
    distant = f'#EXT-X-KEY:METHOD=AES-128,URI="{canaries.url}/key"\n'
    mapped = f'#EXT-X-MAP:URI="{film}"\n'
    for kind, line in (("key", keyed), ("key-http", distant), ("map", mapped)):
        found[f"hls-{kind}"] = _playlist(str(segment), before=line)
    found["hls-live"] = _playlist(str(segment)).replace(b"#EXT-X-ENDLIST\n", b"")
    found["hls-master"] = (
        f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{canaries.url}/a.m3u8\n"
        f"#EXT-X-STREAM-INF:BANDWIDTH=2\n{segment}\n"
    ).encode()
    found["hls-media"] = (
        '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",DEFAULT=YES,'
        f'URI="{segment}"\n#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="a"\n{segment}\n'
    ).encode()
    return found


def _playlist(target: str, *, before: str = "") -> bytes:
    head = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:9\n"
    return f"{head}{before}#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n".encode()


def _concat(canaries: Canaries) -> dict[str, bytes]:
    targets = {
        "sibling": SIBLING,
        "absolute": str(canaries.film),
        "up": f"../{canaries.folder.name}/{canaries.film.name}",
        "http": f"{canaries.url}/a.mp4",
        "url": f"file:{canaries.film}",
        "subfile": f"subfile,,start,0,end,0,,:{canaries.film}",
    }
    found = {
        f"concat-{kind}": f"ffconcat version 1.0\nfile '{target}'\n".encode()
        for kind, target in targets.items()
    }
    found["concat-options"] = (
        f"ffconcat version 1.0\nfile '{SIBLING}'\noption safe 0\noption protocol_whitelist file\n"
    ).encode()
    found["concat-stream"] = (
        f"ffconcat version 1.0\nstream\nexact_stream_id 0x1\nfile {SIBLING}\nduration 1\n"
    ).encode()
    return found


def _dash(canaries: Canaries) -> dict[str, bytes]:
    def mpd(inner: str, *, head: str = "") -> bytes:
        return (
            f'<?xml version="1.0"?>{head}<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
            'profiles="urn:mpeg:dash:profile:isoff-on-demand:2011" '
            'mediaPresentationDuration="PT1S"><Period><AdaptationSet mimeType="video/mp4" '
            'contentType="video"><Representation id="1" bandwidth="1" width="64" height="48">'
            f"{inner}</Representation></AdaptationSet></Period></MPD>"
        ).encode()

    film = canaries.film
    template = (
        f'<SegmentTemplate media="{film}" initialization="{film}" duration="1" startNumber="1"/>'
    )
    listed = f'<SegmentList><SegmentURL media="{film}"/></SegmentList>'
    entity = f'<!DOCTYPE MPD [<!ENTITY x SYSTEM "file://{canaries.text}">]>'
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha" * 10}">' for n in range(9))
    return {
        "dash-absolute": mpd(f"<BaseURL>{film}</BaseURL>"),
        "dash-file-url": mpd(f"<BaseURL>file://{film}</BaseURL>"),
        "dash-http": mpd(f"<BaseURL>{canaries.url}/a.mp4</BaseURL>"),
        "dash-sibling": mpd(f"<BaseURL>{SIBLING}</BaseURL>"),
        "dash-template": mpd(template),
        "dash-list": mpd(listed),
        "dash-entity": mpd("<BaseURL>&x;</BaseURL>", head=entity),
        "dash-laughs": mpd("<BaseURL>&l8;</BaseURL>", head=f"<!DOCTYPE MPD [{laughs}]>"),
        "dash-xinclude": mpd(
            '<x:include xmlns:x="http://www.w3.org/2001/XInclude" parse="text" '
            f'href="{canaries.text}"/>'
        ),
    }


def _lists(canaries: Canaries) -> dict[str, bytes]:
    film, url = canaries.film, canaries.url
    cpl = "http://www.smpte-ra.org/schemas/2067-3/2016"
    return {
        "list-m3u": f"{film}\n{url}/a.mp4\n".encode(),
        "list-pls": f"[playlist]\nFile1={film}\nFile2={url}/a\nNumberOfEntries=2\n".encode(),
        "list-xspf": (
            '<?xml version="1.0"?><playlist version="1" xmlns="http://xspf.org/ns/0/"><trackList>'
            f"<track><location>file://{film}</location></track></trackList></playlist>"
        ).encode(),
        "list-asx": f'<asx version="3.0"><entry><ref href="{url}/a"/></entry></asx>'.encode(),
        "list-ram": f"{url}/a.rm\n".encode(),
        "list-smil": (
            f'<smil><body><video src="{film}"/><video src="{url}/a"/></body></smil>'
        ).encode(),
        "list-imf": (
            f'<?xml version="1.0"?><CompositionPlaylist xmlns="{cpl}"><Id>urn:uuid:1</Id>'
            f"<SegmentList><Segment><Path>{film}</Path></Segment></SegmentList>"
            "</CompositionPlaylist>"
        ).encode(),
        "list-assetmap": (
            f"<AssetMap><AssetList><Asset><ChunkList><Chunk><Path>{film}</Path></Chunk>"
            "</ChunkList></Asset></AssetList></AssetMap>"
        ).encode(),
        "list-cue": f'FILE "{film}" WAVE\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n'.encode(),
        "list-images": b"%03d.png\n",
        "list-metadata": b";FFMETADATA1\ntitle=x\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=1\n",
    }


def _sessions(canaries: Canaries) -> dict[str, bytes]:
    host, port = canaries.datagrams.split(":")
    session = (
        f"v=0\r\no=- 0 0 IN IP4 {host}\r\ns=x\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
        f"m=video {port} RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    )
    web = canaries.url.removeprefix("http://")
    return {
        "sdp": session.encode(),
        "sdp-control": f"{session}a=control:rtsp://{web}/x\r\n".encode(),
        "rtsp": f"RTSPtextRTSP://{web}/x\r".encode(),
        "rtsp-url": f"rtsp://{web}/x\n".encode(),
        "url": f"[InternetShortcut]\nURL={canaries.url}/\n".encode(),
    }


def _scripts(canaries: Canaries) -> dict[str, bytes]:
    """What opens files by names that are made of its own: scripts, indexes, spanned files."""
    film = canaries.film
    spanned = b"MLVI" + struct.pack("<I8sQHHIHHII", 52, b"v2.0", 1, 0, 2, 0, 1, 0, 1, 0)
    return {
        "avisynth": f'AviSource("{film}")\n'.encode(),
        "avisynth-source": f'DirectShowSource("{canaries.url}/a")\n'.encode(),
        "vapoursynth": f'import vapoursynth\nopen("{canaries.text}").read()\n'.encode(),
        "lavfi": f"movie={film}[out0]".encode(),
        "vobsub": b"# VobSub index file, v7 (do not modify this line!)\nsize: 64x48\nid: en\n",
        "mlv": spanned + bytes(64),
        "tedcaptions": b'{"captions":[{"content":"x","startTime":0,"duration":1}]}',
        "subtitles-webvtt": (
            f'WEBVTT\n\nSTYLE\n@import url("{canaries.url}/a.css");\n\n'
            "00:00.000 --> 00:01.000\nwords\n"
        ).encode(),
        "subtitles-ass": (
            f"[Script Info]\nVideo File: {film}\nAudio File: {film}\n[Fonts]\nfontname: x.ttf\n"
            "!!!!\n[Events]\nFormat: Start, End, Text\nDialogue: 0:00:00.00,0:00:01.00,words\n"
        ).encode(),
        "subtitles-jacosub": f"#INCLUDE {canaries.text}\n0:00:00.00 0:00:01.00 NTP words\n".encode(),
    }


def _boxes(canaries: Canaries) -> dict[str, bytes]:
    """QuickTime's own ways to lie elsewhere: data references, aliases, reference movies."""
    path = str(canaries.film).encode()
    url = f"{canaries.url}/a.mov\0".encode()
    entries = {
        "mov-dref-url": box(b"url ", bytes(4), f"file://{canaries.film}\0".encode()),
        "mov-dref-http": box(b"url ", bytes(4), url),
        "mov-dref-urn": box(b"urn ", bytes(4), path + b"\0"),
        "mov-dref-alias": box(b"alis", bytes(4), _alias(canaries.film)),
        "mov-dref-resource": box(b"rsrc", bytes(4), _alias(canaries.film)),
    }
    found = {name: _elsewhere(entry) for name, entry in entries.items()}
    reference = box(b"rdrf", bytes(4), b"url ", struct.pack(">I", len(url)), url)
    movie = box(b"moov", box(b"rmra", box(b"rmda", reference)))
    found["mov-reference-movie"] = boxes.HEAD + movie
    return found


def _alias(path: Path) -> bytes:
    """A Macintosh alias record with the absolute path as types 2 and 18."""
    text, volume = str(path).encode(), b"/"
    fixed = (
        bytes(4) + struct.pack(">HHH", 150, 2, 0) + bytes([len(volume)]) + volume.ljust(27, b"\0")
    )
    fixed += bytes(4) + b"H+" + bytes(2 + 4) + bytes([8]) + path.name.encode()[:63].ljust(63, b"\0")
    record = fixed.ljust(150, b"\0")
    for kind in (2, 18):
        record += struct.pack(">HH", kind, len(text)) + text + b"\0" * (len(text) % 2)
    return record + struct.pack(">HH", 0xFFFF, 0)


def _elsewhere(entry: bytes) -> bytes:
    """A film of one sample that lies where `entry` says."""
    tables = boxes.sample_table(
        boxes.picture_entry(b"jpeg", width=64, height=48),
        sizes=boxes.table(b"stsz", 1000, 1),
        chunks=boxes.table(b"stco", 1, 40),
        n_samples=1,
    )
    return boxes.HEAD + boxes.movie(boxes.track(tables, duration=600, reference=entry))


def _pictures(canaries: Canaries) -> dict[str, bytes]:
    """Picture formats whose files name files, for libraries that take whatever they know."""
    path = canaries.picture
    return {
        "picture-mvg": f"push graphic-context\nimage over 0,0 9,9 '{path}'\n".encode(),
        "picture-msl": f'<?xml version="1.0"?><image><read filename="{path}"/></image>'.encode(),
        "picture-eps": f"%!PS-Adobe-3.0 EPSF-3.0\n({path}) run\n".encode(),
        "picture-pdf": f"%PDF-1.4\n1 0 obj<</Type/Catalog/F({path})>>endobj\n".encode(),
        "picture-vips": b"\x08\xf2\xa6\xb6" + bytes(60),
        "picture-csv": b"1,2,3\n4,5,6\n",
        "picture-nifti": struct.pack("<i", 348).ljust(344, b"\0") + b"ni1\0",
        "picture-dzi": f'<Image xmlns="x" Format="png" Url="{path}"/>'.encode(),
        "picture-text": f"@{path}".encode(),
    }


def _disguised(contents: dict[str, bytes], canaries: Canaries) -> dict[str, bytes]:
    """The same behind, before and inside of what sniffers believe."""
    hls, concat = contents["hls-absolute"], contents["concat-sibling"]
    film = canaries.film.read_bytes()
    picture = canaries.picture.read_bytes()
    tag = b"ID3\x03\0\0\0\0\0\x0aTIT2" + bytes(6)
    brand = box(b"ftyp", b"isom", bytes(4), b"isom")
    return {
        "hidden-hls-behind-id3": tag + hls,
        "hidden-hls-behind-bom": b"\xef\xbb\xbf" + hls,
        "hidden-hls-behind-ftyp": brand + hls,
        "hidden-hls-behind-spaces": b"\n \n" + hls,
        "hidden-hls-utf16": hls.decode().encode("utf-16"),
        "hidden-hls-before-film": hls + film,
        "hidden-concat-before-film": concat + film,
        "hidden-hls-behind-film": film + hls,
        "hidden-zip-behind-picture": picture + b"PK\x03\x04" + bytes(26) + hls,
        "hidden-html-in-gif": b"GIF89a/*" + b"<script>fetch('" + canaries.url.encode() + b"')*/;",
        "hidden-hls-in-avi": _avi_with_subtitles(hls),
    }


def _avi_with_subtitles(playlist: bytes) -> bytes:
    """A GAB2 chunk: subtitles in an AVI are opened by whatever demuxer knows their bytes."""
    inner = b"GAB2\0" + struct.pack("<HI", 2, 2) + bytes(2) + struct.pack("<HI", 4, len(playlist))

    def chunk(name: bytes, content: bytes) -> bytes:
        return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)

    header = struct.pack("<14I", 40_000, 0, 0, 0x10, 1, 0, 1, 0, 64, 48, 0, 0, 0, 0)
    stream = (
        b"txts"
        + bytes(4)
        + struct.pack("<IHHIIIIIIiI4H", 0, 0, 0, 0, 1, 1, 0, 1, 0, -1, 0, 0, 0, 0, 0)
    )
    streams = chunk(b"LIST", b"strl" + chunk(b"strh", stream) + chunk(b"strf", b""))
    films = chunk(b"LIST", b"movi" + chunk(b"00tx", inner + playlist))
    whole = chunk(b"LIST", b"hdrl" + chunk(b"avih", header) + streams) + films
    return chunk(b"RIFF", b"AVI " + whole)
