"""Runs one workload in Faust, as the JSON in its only argument says (RunOptions in run-options.ts), until SIGTERM."""

import json
import sys
from struct import Struct

import faust

LONG = Struct(">q")
# Of the inputs (PARTITIONS in inputs.ts): a table must have as many.
PARTITIONS = 4


def passthrough(app, topics):
    views = app.topic(topics["in"]["views"], key_serializer="raw", value_serializer="raw")
    out = app.topic(topics["out"], key_serializer="raw", value_serializer="raw")

    @app.agent(views)
    async def forward(stream):
        async for user, view in stream.items():
            await out.send(key=user, value=view)


def map_json(app, topics):
    views = app.topic(topics["in"]["views"], key_type=str, key_serializer="raw", value_serializer="json")
    out = app.topic(topics["out"], key_type=str, key_serializer="raw", value_serializer="json")

    @app.agent(views)
    async def map_views(stream):
        async for user, view in stream.items():
            if view["ms"] < 4000:
                await out.send(key=user, value={"user": view["user"], "page": view["page"], "ms": view["ms"]})


def count(app, topics):
    views = app.topic(topics["in"]["views"], key_type=str, key_serializer="raw", value_serializer="raw")
    out = app.topic(topics["out"], key_type=str, key_serializer="raw", value_serializer="raw")
    counts = app.Table("counts", default=int, key_type=str, value_type=int, partitions=PARTITIONS)

    @app.agent(views)
    async def count_views(stream):
        async for user, _ in stream.items():
            counts[user] += 1
            await out.send(key=user, value=LONG.pack(counts[user]))


WORKLOADS = {
    "passthrough": passthrough,
    "json": map_json,
    "count-100k": count,
}


def main():
    run = json.loads(sys.argv[1])
    app = faust.App(
        run["applicationId"],
        broker="kafka://" + run["brokers"].replace(",", ";kafka://"),
        broker_commit_interval=run["commitIntervalMs"] / 1000,
        datadir=run["stateDir"],
        store="rocksdb://",
        web_enabled=False,
        worker_redirect_stdouts=False,
    )
    WORKLOADS[run["workload"]](app, run["topics"])
    worker = faust.Worker(app, loglevel="WARNING")
    # While it has a spinner for terminals, the level of all loggers is that of debugging: log records are made for every message.
    worker.spinner = None
    worker.execute_from_commandline()


if __name__ == "__main__":
    main()
