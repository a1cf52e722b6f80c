# One image for every service of ours; the command says which role it is. Debian, since Temporal's SDK ships binaries for
# glibc only. Node 24: the newest that CI runs, and it loads an agent's TypeScript as it is.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:24-bookworm-slim
# Temporal's core and the model's client verify TLS against the system's list, which the slim image lacks.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production COUNTERSIGN_CACHE_DIR=/app/cache
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/cli/countersign.mjs /app/cli/bootstrap.mjs ./cli/
COPY --from=build /app/dist ./dist
# Put your own agents here: a directory file and one folder per agent. They are part of the image, so that the rules in
# force have a tag, and a roll-back takes them along.
COPY --from=build /app/agents ./agents
# The Workflow bundle, with your procedures in it, is built here once, not by each container at its start: that takes
# seconds and 500 MB.
RUN node --input-type=module -e "\
  const { workflowBundle } = await import('/app/dist/workers/bundle.js'); \
  const { findProcedures } = await import('/app/dist/workers/procedures.js'); \
  const { FAILURES_AS_PAYLOADS } = await import('/app/dist/workers/payload-codec.js'); \
  await workflowBundle('/app/cache/bundles', await findProcedures('/app/agents'), FAILURES_AS_PAYLOADS)" && \
  ls /app/cache/bundles/workflows-*.js
# A volume that is mounted here begins with this owner: the API adds to the file of checkpoints.
RUN mkdir /checkpoints && chown node /checkpoints
USER node
ENTRYPOINT ["node", "cli/countersign.mjs"]
