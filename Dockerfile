# syntax=docker/dockerfile:1
FROM rust:1.95-alpine3.22 AS build
# hadolint ignore=DL3018
RUN apk add --no-cache musl-dev
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin tidegate && cp target/release/tidegate /tidegate

FROM gcr.io/distroless/static-debian12:nonroot
LABEL org.opencontainers.image.title="tidegate" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /tidegate /usr/local/bin/tidegate
COPY --chown=nonroot:nonroot config/ /etc/tidegate/
# Inside a container the data listener must be reachable; the admin listener stays on loopback.
ENV TIDEGATE_LISTEN=0.0.0.0:8080
USER 65532:65532
EXPOSE 8080 9901
# There is no shell and no curl, so the binary checks itself.
HEALTHCHECK --interval=10s --timeout=2s --start-period=5s \
  CMD ["/usr/local/bin/tidegate", "health", "--url", "http://127.0.0.1:9901/readyz"]
ENTRYPOINT ["/usr/local/bin/tidegate"]
CMD ["serve", "--config", "/etc/tidegate/tidegate.yaml"]
