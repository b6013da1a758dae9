# The command `mdvm`, linked statically, in an image that has nothing else in it:
#
#   docker build -t mdvm .
#   docker run --rm -v "$PWD:/work:ro" mdvm run program.md
#
# Programs of strangers get limits of their own, and none of the container's network or files:
#
#   docker run --rm --network none --read-only -i mdvm run --max-memory 64M --max-time 2s - < program.md
FROM rust:1.91-alpine AS build
RUN apk add --no-cache musl-dev
WORKDIR /src
COPY . .
RUN cargo build --release --locked -p machine-dialect-vm

FROM scratch
COPY --from=build /src/target/release/mdvm /usr/bin/mdvm
COPY LICENSE /LICENSE
# Nobody: there is nothing that the command needs to own.
USER 65534:65534
WORKDIR /work
ENTRYPOINT ["/usr/bin/mdvm"]
CMD ["--help"]
