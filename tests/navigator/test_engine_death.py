"""An engine that dies, or is closed, leaves nobody waiting: answers end in EngineFailed, and so do later ones."""

import asyncio
import importlib.util
import json
import threading
from types import SimpleNamespace

import navigator_tiny as tiny
import psutil
import pytest

from batch.convert import convert
from navigator.engine import Engine, Sampling, open_engine
from navigator.errors import EngineFailed
from navigator.learnt import Shape
from navigator.message import Message

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="vLLM is not installed"),
    pytest.mark.timeout(120),
]
SOON_S = 10


class Core:
    """vLLM's synchronous engine, as far as the thread knows it; writes for ever until `end` is told what to raise."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.stepping, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()
        self.end: BaseException | None = None
        self.engine_core = SimpleNamespace(shutdown=lambda: None)

    def add_request(self, request_id, _prompt, _sampling) -> str:
        self.requests.append(request_id)
        return request_id

    def abort_request(self, ids, internal) -> None:
        self.requests = [one for one in self.requests if one not in ids]

    def has_unfinished_requests(self) -> bool:
        return bool(self.requests)

    def get_num_unfinished_requests(self) -> int:
        return len(self.requests)

    def step(self) -> list:
        self.stepping.set()
        self.go_on.wait(SOON_S)
        if self.end is not None:
            raise self.end
        return [SimpleNamespace(request_id=one, finished=False) for one in self.requests]


@pytest.fixture
def core(monkeypatch) -> Core:
    from vllm.v1.engine.llm_engine import LLMEngine

    core = Core()
    monkeypatch.setattr(LLMEngine, "from_engine_args", lambda *_, **__: core)
    return core


@pytest.fixture
def engine(core):
    from navigator.engine_thread import ThreadedEngine

    return ThreadedEngine(None)


async def read(engine, request_id: str) -> None:
    async for _ in engine.generate("prompt", None, request_id):
        pass


async def fails(*tasks: asyncio.Task) -> None:
    """Every one ends in EngineFailed, and soon."""
    for task in tasks:
        with pytest.raises(EngineFailed):
            await asyncio.wait_for(task, SOON_S)


@pytest.mark.parametrize("end", [RuntimeError("core gone"), SystemExit(1)], ids=repr)
async def test_who_waits_and_who_comes_is_told(engine, core, end):
    """One answer is being written and one asked for while the engine dies, and one is asked for after."""
    await engine.check_health()
    core.go_on.clear()
    writing = asyncio.create_task(read(engine, "a"))
    await asyncio.to_thread(core.stepping.wait)
    asked = asyncio.create_task(read(engine, "b"))
    await asyncio.sleep(0.05)
    core.end = end
    core.go_on.set()
    await fails(writing, asked, asyncio.create_task(read(engine, "c")))
    with pytest.raises(EngineFailed, match=str(end)):
        await engine.check_health()


async def test_it_may_die_between_two_steps(engine, core, monkeypatch):
    """Whatever ends the thread counts, not a failed step alone."""

    def gone() -> bool:
        raise RuntimeError("core gone")

    monkeypatch.setattr(core, "has_unfinished_requests", gone)
    await fails(asyncio.create_task(read(engine, "a")))


async def test_closing_ends_what_is_written(engine, core):
    """After shutdown nobody waits for the thread that is gone, and it can be shut down again."""
    writing = asyncio.create_task(read(engine, "a"))
    await asyncio.to_thread(core.stepping.wait)
    await asyncio.to_thread(engine.shutdown)
    await fails(writing, asyncio.create_task(read(engine, "b")))
    engine.shutdown()


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("navigator")
    tiny.save_causal(folder / "base")
    convert(str(folder / "base"), str(folder / "out"), Shape(item_dim=32, tokens_per_item=1, projector_dim=48))
    config = json.loads((folder / "out" / "config.json").read_text())
    (folder / "out" / "config.json").write_text(json.dumps({**config, "encoder_version": "e1"}))
    return folder / "out"


async def write(engine: Engine, started: asyncio.Event | None = None) -> None:
    prompt = engine.processor.encode([Message.of("user", "show me a chair")], encoder_version="e1")
    async for _ in engine.generate(prompt, Sampling(max_tokens=3000)):
        if started:
            started.set()


async def writing(engine: Engine) -> asyncio.Task:
    """An answer, once its first piece is there."""
    started = asyncio.Event()
    task = asyncio.create_task(write(engine, started))
    await started.wait()
    return task


async def test_transformers_closed(checkpoint):
    """The same of the engine without vLLM."""
    engine = open_engine(checkpoint, "transformers", dtype="float32")
    task = await writing(engine)
    await engine.check()
    await engine.close()
    await fails(task, asyncio.create_task(write(engine)))
    with pytest.raises(EngineFailed):
        await engine.check()


@pytest.mark.slow
@pytest.mark.parametrize("killed", [True, False], ids=["killed", "closed"])
async def test_processes_of_their_own(checkpoint, killed):
    """As on a GPU: vLLM's core process is killed by the system, or the engine is closed, in mid-answer."""
    engine = open_engine(checkpoint, "vllm", dtype="float32", max_model_len=4096, in_process=False)
    task = await writing(engine)
    await engine.check()
    if killed:
        for process in psutil.Process().children(recursive=True):
            if "EngineCore" in "".join(process.cmdline()):
                process.kill()
    else:
        await engine.close()
    await fails(task, asyncio.create_task(write(engine)))
    with pytest.raises(EngineFailed):
        await engine.check()
    await engine.close()
