"""How many images a second do we convert, against sharp in a bare Node server?

The question of the goal: a 24-megapixel JPEG to WebP 1200 pixels wide, 8 requests in
parallel, both servers on this machine, in rounds that take turns. The ratio is the result;
images a second only tell how fast the machine is. On a machine that others use too, believe
the CPU seconds.

Needs Node and npm; sharp is installed into benchmarks/sharp_server/node_modules.
`--pool-only` leaves HTTP out and measures the confined processes alone.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import secrets
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyvips
from benchmarks import report
from skimage import data

from telecine.cli.local_server import local_server
from telecine.media.pool import Pool
from telecine.operations.convert import ConvertParams, convert

_HERE = Path(__file__).parent
_SHARP_SERVER = _HERE / "sharp_server"
GOAL = 0.9
_WIDTH = 1200


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One way to convert. `convert_one` returns the bytes of the result.

    `pid` is the process whose CPU time, with all below it, is counted; None counts none.
    """

    name: str
    convert_one: Callable[[], bytes]
    pid: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What each round gave: images a second, and CPU seconds an image where they are known."""

    images_per_second: dict[str, list[float]]
    cpu_seconds_per_image: dict[str, list[float]]


def main() -> None:
    """Measure in turn, print, keep the figures."""
    options = _parse()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="telecine-bench-")))
        photo = make_photo(folder / "photo.jpg")
        sharp_pid, port, versions = stack.enter_context(sharp_server())
        sharp = Contender(
            name="sharp",
            convert_one=_post(f"http://127.0.0.1:{port}/", photo=photo),
            pid=sharp_pid,
        )
        ours = (_pool if options.pool_only else _server)(stack, photo, folder)
        rounds = measure(
            (sharp, ours), rounds=options.rounds, images=options.images, parallel=options.parallel
        )
        outputs = {each.name: len(each.convert_one()) for each in (sharp, ours)}
    rates = rounds.images_per_second
    ratio = _ratio(rates[ours.name], rates[sharp.name])
    figures = {
        "peer": versions,
        "input_bytes": len(photo),
        "output_bytes": outputs,
        "parallel": options.parallel,
        "images_per_round": options.images,
        "images_per_second": rates,
        "cpu_seconds_per_image": rounds.cpu_seconds_per_image,
        "medians": {name: round(statistics.median(values), 3) for name, values in rates.items()},
        "cpu_medians": {
            name: round(statistics.median(values), 3)
            for name, values in rounds.cpu_seconds_per_image.items()
        },
        "ratio": round(ratio, 3),
        "goal": GOAL,
    }
    _print(figures)
    report.write(
        "convert_pool_vs_sharp" if options.pool_only else "convert_vs_sharp",
        question="24-megapixel JPEG to WebP 1200 wide, images a second against sharp",
        figures=figures,
        is_reached=ratio >= GOAL,
    )


def _server(stack: ExitStack, photo: bytes, folder: Path) -> Contender:
    server = stack.enter_context(local_server(folder / "data"))
    return Contender(
        name="telecine over HTTP",
        convert_one=_post(f"{server.url}/api/v1/convert", photo=photo, key=server.key),
        pid=server.process.pid,
    )


def _pool(stack: ExitStack, photo: bytes, folder: Path) -> Contender:
    pool = stack.enter_context(Pool(os.cpu_count() or 1, sandbox="auto", memory_bytes=4 * 2**30))
    return Contender(
        name="telecine's pool", convert_one=_call(pool, photo, folder=folder), pid=os.getpid()
    )


def make_photo(path: Path) -> bytes:
    """Make a JPEG of 6000 x 4000 with the grain, and so the 8 MB, of a camera's."""
    astronaut = pyvips.Image.new_from_array(data.astronaut())
    large = astronaut.resize(6000 / astronaut.width, vscale=4000 / astronaut.height)
    grain = pyvips.Image.gaussnoise(6000, 4000, sigma=6, mean=0, seed=1)
    picture = (large + grain).cast("uchar").copy(interpretation="srgb")
    picture.jpegsave(str(path), Q=92)
    return path.read_bytes()


@contextmanager
def sharp_server() -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Run the Node server; yields its pid, its port and the versions that it says it has."""
    if not (_SHARP_SERVER / "node_modules" / "sharp").is_dir():
        install = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund"]
        subprocess.run(install, cwd=_SHARP_SERVER, check=True)
    server = subprocess.Popen(
        ["node", "server.mjs"], cwd=_SHARP_SERVER, stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        hello = json.loads(server.stdout.readline())
        kept = {name: hello["versions"][name] for name in ("node", "sharp", "vips")}
        yield server.pid, hello["port"], kept
    finally:
        server.terminate()
        server.wait(timeout=10)


def measure(contenders: tuple[Contender, ...], *, rounds: int, images: int, parallel: int) -> Rates:
    """Run all rounds; the contenders take turns at being first."""
    rates = Rates(
        images_per_second={each.name: [] for each in contenders},
        cpu_seconds_per_image={each.name: [] for each in contenders if each.pid is not None},
    )
    with ThreadPoolExecutor(parallel) as threads:
        for each in contenders:  # starts children and threads, fills file caches
            _run(threads, each, images=parallel)
        for index in range(rounds):
            for each in contenders if index % 2 == 0 else reversed(contenders):
                cpu_before = _cpu_seconds(each.pid)
                rate = _run(threads, each, images=images)
                rates.images_per_second[each.name].append(round(rate, 3))
                if each.pid is not None:
                    cpu = (_cpu_seconds(each.pid) - cpu_before) / images
                    rates.cpu_seconds_per_image[each.name].append(round(cpu, 4))
    return rates


def _cpu_seconds(root: int | None) -> float:
    """Return what a process and all below it have used, by Linux' /proc; without it 0."""
    children: dict[int, list[int]] = {}
    seconds: dict[int, float] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        pid = int(stat.parent.name)
        children.setdefault(int(fields[1]), []).append(pid)
        # utime, stime, and those of the children that have ended (proc_pid_stat(5), 14 to 17)
        seconds[pid] = sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")
    total, waiting = 0.0, [root] if root is not None else []
    while waiting:
        pid = waiting.pop()
        total += seconds.get(pid, 0.0)
        waiting += children.get(pid, [])
    return total


def _run(threads: ThreadPoolExecutor, contender: Contender, *, images: int) -> float:
    start = time.perf_counter()
    outputs = list(threads.map(lambda _: contender.convert_one(), range(images)))
    seconds = time.perf_counter() - start
    assert all(output[8:12] == b"WEBP" for output in outputs), contender.name
    return images / seconds


def _post(url: str, *, photo: bytes, key: str | None = None) -> Callable[[], bytes]:
    """Return a function that uploads the photo as the documented form, a connection a call."""
    target = urlsplit(url)
    boundary = secrets.token_hex(16)
    body = b"".join(
        [
            *(
                f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
                for name, value in {"format": "webp", "width": _WIDTH, "quality": 80}.items()
            ),
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="photo.jpg"\r\n'.encode(),
            b"Content-Type: image/jpeg\r\n\r\n",
            photo,
            f"\r\n--{boundary}--\r\n".encode(),
        ]
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    if key:
        headers["Authorization"] = f"Bearer {key}"

    def post() -> bytes:
        connection = http.client.HTTPConnection(target.netloc, timeout=120)
        try:
            connection.request("POST", target.path, body=body, headers=headers)
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise RuntimeError(f"{url}: {response.status} {answer[:300]!r}")
        return answer

    return post


def _call(pool: Pool, photo: bytes, *, folder: Path) -> Callable[[], bytes]:
    """Return a function that writes the photo to a file, as an upload is, and converts it."""
    params = ConvertParams(format="webp", width=_WIDTH, quality=80)

    def call() -> bytes:
        name = secrets.token_hex(8)
        source, target = folder / f"{name}.in", folder / f"{name}.out"
        source.write_bytes(photo)
        convert(pool, params, input_path=source, output_path=target)
        answer = target.read_bytes()
        source.unlink()
        target.unlink()
        return answer

    return call


def _ratio(ours: list[float], theirs: list[float]) -> float:
    """The median of the ratios of neighbouring rounds: what slows one slows both."""
    return statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))


def _print(figures: dict[str, Any]) -> None:
    for name, rates in figures["images_per_second"].items():
        cpu = figures["cpu_medians"].get(name)
        print(f"{name:20} {figures['medians'][name]:7.2f} images/s   rounds: {rates}")
        print(f"{'':20} {cpu if cpu is not None else 'unknown':>7} CPU s/image")
    print(f"{'ratio':20} {figures['ratio']:7.2f}              goal: {figures['goal']}")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pool-only", action="store_true")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--images", type=int, default=24, help="images in one round")
    parser.add_argument("--parallel", type=int, default=8)
    return parser.parse_args()


if __name__ == "__main__":
    main()
