# One image for every part: `serve` (the default), `ingress`, `worker`, and the simulators.

FROM python:3.11-slim-bookworm AS packages
COPY requirements.lock .
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --no-create-home mogulflow
COPY --from=packages /venv /venv
WORKDIR /app
COPY . .
RUN mkdir data && chown mogulflow data
USER 10001
ENV PATH=/venv/bin:$PATH
ENV PYTHONDONTWRITEBYTECODE=1
ENV INGRESS_HOST=0.0.0.0
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/health', timeout=2)"]
ENTRYPOINT ["python", "cli.py"]
CMD ["serve"]
