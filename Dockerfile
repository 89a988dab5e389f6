# syntax=docker/dockerfile:1
# docker build -t tidegate:0.1.0 --build-arg TIDEGATE_REVISION="$(git rev-parse --short=12 HEAD)" .
# The version is that of rust-toolchain.toml: another one would be fetched in the middle of the build.
FROM rust:1.95.0-alpine3.22 AS build
# hadolint ignore=DL3018
RUN apk add --no-cache musl-dev
WORKDIR /src
COPY . .
# The history is not sent along, so the binary is told what it was built from.
ARG TIDEGATE_REVISION=""
# Against musl everything is linked statically.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin tidegate && cp target/release/tidegate /tidegate

FROM gcr.io/distroless/static-debian12:nonroot
ARG TIDEGATE_REVISION=""
LABEL org.opencontainers.image.title="tidegate" \
      org.opencontainers.image.description="An inline content-moderation reverse proxy for LLM APIs" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${TIDEGATE_REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /tidegate /usr/local/bin/tidegate
COPY --chown=nonroot:nonroot config/ /etc/tidegate/
# Inside a container the data listener must be reachable; the admin listener stays on loopback.
ENV TIDEGATE_LISTEN=0.0.0.0:8080
# It writes nothing: run it with a root that is read-only.
USER 65532:65532
EXPOSE 8080 9901
# There is no shell and no curl, so the binary checks itself.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["/usr/local/bin/tidegate", "health", "--url", "http://127.0.0.1:9901/readyz"]
ENTRYPOINT ["/usr/local/bin/tidegate"]
CMD ["serve", "--config", "/etc/tidegate/tidegate.yaml"]
