# Two images, `--target enqueuer` and `--target converter`, of one static binary: images/README.md.

# Pin a digest where it matters: --build-arg BUILDER=docker.io/library/rust:1.95-bookworm@sha256:…
ARG BUILDER=docker.io/library/rust:1.95-bookworm

FROM ${BUILDER} AS build
# `true` where the registry cache of crates is mounted from outside.
ARG CARGO_NET_OFFLINE=false
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY common common
COPY converter converter
COPY enqueuer enqueuer
COPY tests tests
COPY images/Cargo.toml images/Cargo.toml
COPY images/src images/src
COPY LICENSE LICENSE
# What --version says besides the version.
ARG REVISION=unknown
# Caches are mounted, so that only what changed is compiled again. Builders give sources any time they like (a layer's, a
# checkout's), by which cargo would take them for compiled: they are touched. With --target build scripts stay dynamic.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    touch ./*/src/*.rs images/src/bin/*/*.rs && \
    RUSTFLAGS="-C target-feature=+crt-static --remap-path-prefix=/usr/local/cargo/registry/src=" \
    cargo build --locked --profile image --package images --target "$(rustc --print host-tuple)" && \
    install target/*/image/statement-export /statement-export && \
    install target/*/image/third-party /list-parts && \
    /list-parts /third-party "$(rustc --print host-tuple)" /usr/share/doc/libc6-dev /usr/share/doc/libgcc-*-dev

# The firm's files come after compiling. /tmp is all that is written. Without nsswitch.conf glibc asks DNS before it reads
# /etc/hosts.
COPY images/firm images/firm
RUN if grep -rl 'PRIVATE KEY' images/firm; then echo "images/firm holds a private key: keep it out" >&2; exit 1; fi && \
    install -d /image/usr/bin /image/etc/ssl/certs && install -d -m 1777 /image/tmp && \
    install -m 644 -D -t /image/etc/statement-export images/firm/* && rm /image/etc/statement-export/README.md && \
    install -m 644 -t /image/etc/ssl/certs /etc/ssl/certs/ca-certificates.crt && \
    install -m 644 -D -t /image/usr/share/doc/statement-export /third-party/* && \
    echo 'hosts: files dns' > /image/etc/nsswitch.conf && \
    echo 'statement:x:65532:65532::/tmp:/nonexistent' > /image/etc/passwd && \
    echo 'statement:x:65532:' > /image/etc/group && \
    cp -r --preserve=mode /image /converter && cp /statement-export /converter/usr/bin/converter && \
    mv /image /enqueuer && mv /statement-export /enqueuer/usr/bin/enqueuer && ln -s enqueuer /enqueuer/usr/bin/converter

FROM scratch AS enqueuer
COPY --from=build /enqueuer/ /
ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="Statement Export: enqueuer" \
      org.opencontainers.image.description="Finds the trade and balance statements that are due, submits them and follows them to the end" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV TMPDIR=/tmp
USER 65532:65532
WORKDIR /tmp
# Fargate gives a bind-mounted volume the owner and mode that the image has there.
VOLUME /tmp
ENTRYPOINT ["/usr/bin/enqueuer"]

FROM scratch AS converter
COPY --from=build /converter/ /
ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="Statement Export: converter" \
      org.opencontainers.image.description="Turns one account's rows into a workbook, proves it and publishes it" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV TMPDIR=/tmp \
    MALLOC_TOP_PAD_=1048576 \
    MALLOC_MMAP_THRESHOLD_=4194304 \
    MALLOC_TRIM_THRESHOLD_=8388608
USER 65532:65532
WORKDIR /tmp
VOLUME /tmp
ENTRYPOINT ["/usr/bin/converter"]
