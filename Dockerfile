# Builds without a database: the facts about every query are in .sqlx.
FROM rust:1-slim-bookworm AS build
WORKDIR /src
COPY . .
ENV SQLX_OFFLINE=true
# The caches live outside the image, so the binary is copied out of them in the same step.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin coatcheck \
    && cp target/release/coatcheck /usr/local/bin/coatcheck

FROM debian:bookworm-slim
# Certificates are for databases and object stores that speak TLS. This image has no Postgres: set DATABASE_URL.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && install --directory --owner=65534 --group=65534 --mode=0700 /var/lib/coatcheck
COPY --from=build /usr/local/bin/coatcheck /usr/local/bin/coatcheck
ENV COATCHECK__SERVER__LISTEN=0.0.0.0:8080 \
    COATCHECK__EMBEDDED__DATA_DIR=/var/lib/coatcheck \
    COATCHECK__LOG__FORMAT=json
USER 65534:65534
VOLUME /var/lib/coatcheck
# The second is for TLS, where COATCHECK__TLS__LISTEN=0.0.0.0:8443 asks for it.
EXPOSE 8080 8443
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["coatcheck", "health"]
ENTRYPOINT ["coatcheck"]
CMD ["serve"]
