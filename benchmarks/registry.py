"""What is measured: every benchmark, what it is about, and which command and function measures each section of it."""

import ast
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Section:
    """A section of a results file.

    Attributes:
        measured_by: `module:function` in this package.
        options: of the command that measures it alone.
        by_hand: it needs what not every machine has, such as a GPU; `make bench` leaves it out.
        timed: some of its figures are times, so that nothing may run beside it.
        says: what the figures are, and what they are not.
    """

    measured_by: str
    options: str = ""
    says: str = ""
    by_hand: bool = False
    timed: bool = True


@dataclass(frozen=True)
class Benchmark:
    """A module of this package that is a command, and the sections that it writes.

    Attributes:
        alone: it has a make target of its own, for it takes long; `make bench` does not run it.
    """

    title: str
    sections: dict[str, Section] = field(default_factory=dict)
    alone: bool = False


BENCHMARKS: dict[str, Benchmark] = {
    "precompute": Benchmark(
        "Precompute through Ray Data against a plain loop",
        {"fashion": Section("precompute:main", says="Same encoder, decoder, pictures and cores on both sides.")},
    ),
    "search_relevance": Benchmark(
        "Relevance of text search on Icecat's judgments",
        {
            "icecat_ndcg_at_10": Section(
                "search_relevance:measure", says="nDCG@10; unjudged items count as 0.", timed=False
            ),
            "demo_recall_at_10": Section(
                "search_relevance:measure_demo",
                says="Recall@10 on the demo, where the weight of full text was chosen.",
                timed=False,
            ),
        },
    ),
    "search_index": Benchmark(
        "The vector index against exact search",
        {"vector_index": Section("search_index:run", says="Clustered made vectors of 256 numbers, recall@10.")},
    ),
    "search_peers": Benchmark(
        "Vector search beside libraries that do nothing else",
        {
            "peers": Section(
                "search_peers:measure",
                says="The same made vectors, queries, threads and machine. The libraries hold vectors in memory and "
                "know nothing of words, filters, updates or versions; LanceDB reads a table on disk.",
            )
        },
    ),
    "search_http": Benchmark(
        "Search over HTTP against an empty application and the query in process",
        {"http": Section("search_http:measure")},
    ),
    "growth": Benchmark(
        "Growth with the catalogue and with its people",
        {
            "items": Section(
                "growth_items:measure",
                "--only items",
                "Each size in a process of its own. Made items with vectors of 256 numbers. The peak is of resident "
                "memory, pages of mapped files included; a process that has imported everything has 0.35 GB. It bends "
                "at 20,000 items: from there on there is a vector index, which costs its training and bounds the "
                "search.",
            ),
            "people": Section(
                "growth_people:measure",
                "--only people",
                "Made people with 12 events each, in SQLite and in the graph, over 20,000 items. Reading one person's "
                "events and making their profile does not grow with the others.",
            ),
            "feeds": Section(
                "growth_feed:measure",
                "--only feeds",
                "A made taste model, opened as a scorer opens it, candidates for a feed of a person with 60 saves, and "
                "company for an item. Above 100,000 items an index is read instead of all items. Memory is of resident "
                "pages, and those of mapped files, which replicas share and the system may drop, are most of it.",
            ),
        },
    ),
    "encoder": Benchmark(
        "The domain-tuned encoder",
        {
            "rooms": Section(
                "encoder_rooms:measure", "--only rooms", "Held-out rooms of ikea, hit@10, five folds.", timed=False
            ),
            "parts": Section(
                "encoder_rooms:measure_parts", "--only parts", "The same, on the first two folds.", timed=False
            ),
            "words": Section("encoder_words:measure", "--only words", timed=False),
            "demo": Section(
                "encoder_demo:measure", "--only demo", "A quarter of the demo's products was unseen.", timed=False
            ),
            "composed": Section("encoder_demo:measure_composed", "--only composed", timed=False),
            "table": Section("encoder_table:measure", "--only table"),
        },
    ),
    "taste": Benchmark(
        "The taste graph",
        {
            "pinterest20": Section(
                "taste_pinterest:compare",
                "--only pinterest20",
                "Leave-one-out on the test items; baselines are trained in the same run.",
            ),
            "rooms": Section(
                "taste_rooms:complete_the_room", "--only rooms", "The second half of a held-out room.", timed=False
            ),
            "shoppers": Section(
                "taste_shoppers:foretell", "--only shoppers", "The demo's made-up shoppers.", timed=False
            ),
            "growth": Section("taste_pinterest:grow", "--only growth"),
            "speed": Section("taste_speed:measure", "--only speed"),
        },
    ),
    "taste_serving": Benchmark(
        "From an event to the feed that knows it",
        {
            "event_to_feed": Section(
                "taste_serving:main", says="Over HTTP with the whole application on the same machine."
            )
        },
    ),
    "taste_shards": Benchmark(
        "A taste model in shards",
        {
            "alike": Section(
                "taste_shards:alike",
                "--only alike",
                "The demo's made-up shoppers: lists from the whole model, from the same with other draws, and from "
                "shards of it.",
                timed=False,
            ),
            "cost": Section(
                "taste_shards:cost",
                "--only cost",
                "A made model. `node_mb` is what a node holds of it; the times are of the processor, of the scorer and "
                "of the shard that worked longest, without what carries them from one to the other.",
            ),
            "served": Section(
                "taste_shards:served",
                "--only served",
                "Over HTTP, one client, everything on the same two cores: what asking costs, not what it saves.",
            ),
        },
    ),
    "taste_peers": Benchmark(
        "Taste beside a library of factorisation",
        {
            "peers": Section(
                "taste_peers:measure",
                says="pinterest20, the split and the measures of `taste` above; Windowshop's rows are there.",
            )
        },
    ),
    "navigator": Benchmark(
        "Navigator",
        {
            "flops": Section(
                "navigator_latency:flops_table",
                "--only arithmetic",
                "Arithmetic, not time: FLOPs of encoding pictures on request over those of reading vectors.",
                timed=False,
            ),
            "dollars": Section(
                "navigator_price:dollars_table",
                "--only arithmetic",
                "Arithmetic: 1,000 turns by GPT-4o's price list, pictures sent with each, and 8B on GPUs of one's own.",
                timed=False,
            ),
            "latency 2B": Section("navigator_latency:measure", "--only latency", "Seconds to the first token."),
            "latency 8B": Section(
                "navigator_latency:measure", "--only latency --size 8B", "Seconds to the first token.", by_hand=True
            ),
            "turns 2B": Section(
                "navigator_turns:measure",
                "--only turns",
                "Seconds that one whole turn takes of this machine, with eight products: what is read before the first "
                "token as above, and writing on vLLM after prompts of each length.",
            ),
            "turns 8B": Section(
                "navigator_turns:measure", "--only turns --size 8B", "The same of the larger model.", by_hand=True
            ),
            "engine": Section(
                "navigator_engine:compare",
                "--only engine",
                "The shipped weights on all. llama.cpp reads prompts one after another, then writes a token of each "
                "answer a step; BF16 and F32 are the precisions that a checkpoint has, in Q8_0 and Q4_0 it is another "
                "model: how many of its answers are vLLM's is below. It is compiled for this processor.",
            ),
            "rules": Section(
                "navigator_accuracy:rules_baseline",
                "--only accuracy",
                "The gold messages, read by rules alone that the same hand wrote.",
                timed=False,
            ),
            "accuracy": Section(
                "navigator_accuracy:compare",
                "--only accuracy",
                "Properties of the demo's held-out items that no text tells, asked and looked for among 8; the same "
                "drills and steps for every way of reading, a small budget. Times are CPU time on one thread.",
                timed=False,
            ),
            "accuracy, practised": Section(
                "navigator_accuracy:compare",
                "--only accuracy --practice FOLDER --asked FOLDER",
                "The same, with other catalogues of the demo's generator to learn from and one more to be asked about; "
                "docs/navigator.md says of which.",
                by_hand=True,
                timed=False,
            ),
            "shipped": Section(
                "navigator_use:measure",
                "--only shipped",
                "The Navigator that comes with Windowshop, by the suites of batch.evaluate on the demo.",
                timed=False,
            ),
            "other": Section(
                "navigator_use:measure",
                "--only other --checkpoint FOLDER",
                "The same of another Navigator; docs/navigator.md says of which.",
                by_hand=True,
            ),
            "fashion": Section(
                "navigator_fashion:measure",
                "--only fashion",
                "Shares of held-out products whose property is named right, from the picture alone. The probe and the "
                "read-outs choose among the values; Navigator writes one.",
            ),
        },
    ),
    "navigator_readouts": Benchmark(
        "What an item's vectors say, before any language model reads them",
        {
            "held_out": Section(
                "navigator_readouts:measure",
                says="Shares of held-out items whose property is named right.",
                timed=False,
            ),
            "practised": Section(
                "navigator_readouts:measure",
                "--practice FOLDER",
                "The same of read-outs fitted on other catalogues of the same generator besides; docs/navigator.md "
                "says of which.",
                by_hand=True,
                timed=False,
            ),
        },
    ),
    "chat": Benchmark(
        "The assistant",
        {
            "turns": Section("chat:measure", "--only turns", "Through HTTP; seconds from sending a message."),
            "personal": Section(
                "chat_personal:measure",
                "--only personal",
                "The demo's made-up shoppers, whose taste follows a model that the product does not read. The same "
                "turn for the shopper and for somebody unknown: is what they save next among the first ten?",
                timed=False,
            ),
        },
    ),
    "scale_out": Benchmark(
        "What a call costs, and what a second worker adds",
        {
            "rows": Section("scale_out/rows:measure", "--only rows", "The demo's thousand products."),
            "calls": Section(
                "scale_out/calls:measure",
                "--only calls",
                "Processor time of every process that a call passes, by part, four customers at a time, on the demo's "
                "catalogue; the empty application is an ingress that awaits one other deployment.",
            ),
            "workers": Section(
                "scale_out/workers:measure",
                "--only workers",
                "Workers are hosts in namespaces with a core each. Head and customers share those cores, for the "
                "machine has no others, so searches cannot double. Steady is from the first tenth of only a thousand "
                "products to the last: what was read and decoded before counts for nothing, which can lift it above "
                "twice. Whole includes the start of Ray's workers.",
            ),
            "zero": Section(
                "scale_out/zero:measure", "--only zero", "Encoder and retriever with min_replicas 0, on a real Serve."
            ),
        },
    ),
    "hot_paths": Benchmark(
        "The largest costs that profiles showed, before and after",
        {
            "costs": Section(
                "hot_paths:measure",
                says="Each as it was and as it is, in turn, in one run: searches on the demo's catalogue, taste on a "
                "made model of a million items. What encoding pictures ahead saves is `navigator` latency above.",
            )
        },
    ),
    "precision": Benchmark(
        "bfloat16 and float32 by processor",
        {
            "instructions": Section(
                "precision:measure",
                says="The packaged encoder and the shipped Navigator on vLLM. oneDNN, which computes their products, "
                "is kept from instructions that this processor has and many a laptop has not.",
            )
        },
    ),
    "soak": Benchmark(
        "Under load while its parts are killed",
        {
            "faults": Section("soak/__main__:_soak", "--no-flood"),
            "overload": Section("soak/overload:overload", "--no-faults", "Four times the searches that it can answer."),
            "overload, tuned proxy": Section(
                "soak/overload:overload",
                "--no-faults",
                "The same with RAY_SERVE_ENABLE_HA_PROXY=1 RAY_SERVE_THROUGHPUT_OPTIMIZED=1.",
            ),
        },
        alone=True,
    ),
}
"""Module in this package → what it measures, in the order of the page."""


def command_of(name: str, section: Section | None) -> str:
    """What to type to measure a section, or the whole of a benchmark."""
    return f"python -m benchmarks.{name} {section.options if section else ''}".rstrip()


def line_of(measured_by: str) -> tuple[str, int]:
    """(file in this package, line) of a `module:function`. Raises KeyError if there is no such function."""
    module, _, function = measured_by.partition(":")
    return f"{module}.py", _lines(module)[function]


@cache
def _lines(module: str) -> dict[str, int]:
    tree = ast.parse((HERE / f"{module}.py").read_text())
    found = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name: node.lineno for node in tree.body if isinstance(node, found)}
