# Telecine: the API, a worker, and every command, in one image for x86-64 and ARM64.
#
#   docker build -t telecine .
#
# How it is run: compose.yaml, and docs/howto/deploy.md.

FROM python:3.13-slim-trixie AS build
WORKDIR /src
RUN python -m venv /opt/telecine
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1

# What it depends on changes seldom: a layer of its own. Sections of constraints.txt add up.
COPY constraints.txt ./
RUN awk '/^# --- / { name = $3; sub(":", "", name); inside = (name == "build" || name == "server") } inside' \
        constraints.txt > /tmp/requirements.txt \
    && awk '/^# --- build/ { inside = 1 } /^# --- server/ { inside = 0 } inside' \
        constraints.txt > /tmp/build.txt \
    && /opt/telecine/bin/pip install --require-hashes --only-binary :all: -r /tmp/build.txt \
    && /opt/telecine/bin/pip install --require-hashes --only-binary :all: --no-binary pyvips \
        --no-build-isolation -r /tmp/requirements.txt

# The build fetches the libraries of the web pages, icons and emoji: package.json pins them.
COPY . .
RUN /opt/telecine/bin/pip install --no-deps --no-build-isolation .

FROM python:3.13-slim-trixie
# Expat is what the renderer needs of the system; everything else comes with it.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libexpat1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /home/telecine telecine \
    && install -d -o telecine -g telecine -m 0700 /data /models
COPY --from=build /opt/telecine /opt/telecine
ENV PATH=/opt/telecine/bin:$PATH \
    TELECINE_DATA=/data \
    TELECINE_MODELS=/models \
    TELECINE_HOST=0.0.0.0 \
    TELECINE_LOG_FORMAT=json
USER telecine
WORKDIR /data
# /data: work under way, and with SQLite and a folder everything. /models: what is fetched once.
VOLUME ["/data", "/models"]
EXPOSE 8000
# Stops in good order: jobs under way go back to the queue.
STOPSIGNAL SIGTERM
ENTRYPOINT ["telecine"]
CMD ["serve"]
