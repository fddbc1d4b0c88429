# The service alone: base dependencies, shipped model and city. Nothing is fetched at run time.
FROM python:3.11-slim AS build

WORKDIR /build
RUN python -m venv /srv/phananh
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

# Dependencies first: this layer is built again only when a pin changes.
COPY pyproject.toml ./
RUN python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' > base.txt \
 && /srv/phananh/bin/pip install --requirement base.txt

COPY README.md LICENSE ./
COPY nlp nlp
COPY corpora corpora
COPY training training
COPY serve serve
# The finished image installs nothing any more, so its installers stay behind.
RUN /srv/phananh/bin/pip install --no-deps . \
 && /srv/phananh/bin/pip uninstall --yes setuptools pip


FROM python:3.11-slim

LABEL org.opencontainers.image.title="Phản Ánh" \
      org.opencontainers.image.description="Reads what citizens write to their city, in Vietnamese, and names who is responsible." \
      org.opencontainers.image.licenses="Apache-2.0"

RUN python -m pip uninstall --yes --quiet --root-user-action=ignore setuptools wheel pip
COPY --from=build /srv/phananh /srv/phananh

# The root file system may be read-only; what libraries want to keep goes to /tmp.
ENV PATH=/srv/phananh/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    HF_HUB_OFFLINE=1 \
    PHANANH_HOST=0.0.0.0 \
    PHANANH_PORT=8000

USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
STOPSIGNAL SIGTERM

# /readyz says 503, an error to urllib, until the model is loaded and its self-check has passed.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PHANANH_PORT'] + '/readyz', timeout=4)"]

ENTRYPOINT ["phananh"]
CMD ["serve"]
