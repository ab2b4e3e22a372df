# One image for one process or many: the store and the mesh come from the environment.
#
#   docker build -t usher .
#   docker run -p 127.0.0.1:8080:8080 -v usher:/data -e USHER_AGENT__HS256_SECRET=… usher
FROM rust:1.95-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends cmake \
    && rm -rf /var/lib/apt/lists/*
# Debian's Node is too old for the pages' build.
COPY --from=node:20-bookworm-slim /usr/local/bin/node /usr/local/bin/
COPY --from=node:20-bookworm-slim /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && npm install --global npm@11
WORKDIR /src
COPY . .
RUN cargo build --release --locked

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --create-home usher
COPY --from=build /src/target/release/usher /usr/local/bin/usher
USER usher
WORKDIR /data
VOLUME /data
# Inside the container only: what reaches it is decided by the ports that are published. On anything but loopback the
# hub refuses to start without a key for agents.
ENV USHER_LISTEN=0.0.0.0:8080 USHER_STORE=sqlite:/data/usher.db USHER_LOG_FORMAT=json
EXPOSE 8080
# SIGTERM drains, 30 s at most: give the container 35.
STOPSIGNAL SIGTERM
ENTRYPOINT ["usher"]
