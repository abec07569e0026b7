# The command `zoo` in a container.
#
#   docker build -t chromatin-zoo .
#   docker run --rm -v zoo-cache:/cache -v "$PWD:/data" chromatin-zoo predict maxatac/CTCF --genome hg38.2bit ...
#
# EXTRAS names extras of setup.py. With a GPU: `docker build --build-arg EXTRAS=gpu,prepare -t chromatin-zoo:gpu .`, and
# `docker run --gpus all ...`. Files that are written to /data belong to `--user "$(id -u):$(id -g)"`, if that is given.
ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS build
ARG EXTRAS=prepare
RUN python -m venv /opt/zoo
WORKDIR /source
COPY . .
RUN /opt/zoo/bin/pip install --no-cache-dir ".${EXTRAS:+[$EXTRAS]}"

FROM python:${PYTHON}-slim
COPY --from=build /opt/zoo /opt/zoo
# Models and their receipts outlive a container; whoever it runs as may add to them.
ENV PATH=/opt/zoo/bin:$PATH ZOO_CACHE=/cache/models XDG_STATE_HOME=/cache/state MPLCONFIGDIR=/tmp/matplotlib
RUN useradd --create-home --uid 1000 zoo && install -d -m 1777 /cache && install -d -o zoo /data
VOLUME /cache
USER 1000
WORKDIR /data
ENTRYPOINT ["zoo"]
CMD ["--help"]
