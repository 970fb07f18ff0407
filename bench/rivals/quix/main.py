"""Runs one workload in Quix Streams, as the JSON in its only argument says (RunOptions in run-options.ts), until SIGTERM."""

import json
import sys
from datetime import timedelta
from struct import Struct

from quixstreams import Application
from quixstreams.models import Serializer

LONG = Struct(">q")


class Long(Serializer):
    """Kafka's LongSerializer. The one of the library for whole numbers writes four bytes."""

    def __call__(self, value, ctx):
        return LONG.pack(value)


class WindowCount(Serializer):
    """The count in what `windowed` makes."""

    def __call__(self, value, ctx):
        return LONG.pack(value[1])


def passthrough(app, topics):
    views = app.topic(topics["in"]["views"], key_deserializer="bytes", value_deserializer="bytes")
    out = app.topic(topics["out"], key_serializer="bytes", value_serializer="bytes")
    app.dataframe(views).to_topic(out)


def map_json(app, topics):
    views = app.topic(topics["in"]["views"], key_deserializer="str", value_deserializer="json")
    out = app.topic(topics["out"], key_serializer="str", value_serializer="json")
    sdf = app.dataframe(views)
    sdf = sdf.filter(lambda view: view["ms"] < 4000)
    sdf = sdf.apply(lambda view: {"user": view["user"], "page": view["page"], "ms": view["ms"]})
    sdf.to_topic(out)


def count(app, topics):
    views = app.topic(topics["in"]["views"], key_deserializer="str", value_deserializer="str")
    out = app.topic(topics["out"], key_serializer="str", value_serializer=Long())

    def next_count(_, state):
        total = state.get("count", 0) + 1
        state.set("count", total)
        return total

    app.dataframe(views).apply(next_count, stateful=True).to_topic(out)


def count_in_windows(app, topics):
    views = app.topic(topics["in"]["views"], key_deserializer="bytes", value_deserializer="str")
    out = app.topic(topics["out"], key_serializer="bytes", value_serializer=WindowCount())

    # Kafka Streams puts the start of the window behind the key.
    def windowed(window, key, timestamp, headers):
        return key + LONG.pack(window["start"]), window["value"]

    sdf = app.dataframe(views).tumbling_window(timedelta(minutes=1)).count().current()
    sdf.apply(windowed, metadata=True).to_topic(out, key=lambda value: value[0])


WORKLOADS = {
    "passthrough": passthrough,
    "json": map_json,
    "count-100k": count,
    "window-tumbling": count_in_windows,
}


def main():
    run = json.loads(sys.argv[1])
    app = Application(
        broker_address=run["brokers"],
        consumer_group=run["applicationId"],
        auto_offset_reset="earliest",
        commit_interval=run["commitIntervalMs"] / 1000,
        state_dir=run["stateDir"],
        loglevel="WARNING",
    )
    WORKLOADS[run["workload"]](app, run["topics"])
    app.run()


if __name__ == "__main__":
    main()
