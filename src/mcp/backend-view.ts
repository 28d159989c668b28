import type { BackendProfile, Capabilities, ModelOffer } from '../domain/models.ts';
import type { BackendReport } from '../services/services.ts';

/** A backend as `sora://backends` shows it: only what it can do, never its key. */
export function backendView({ profile, health, until, reason, goneModels = {} }: BackendReport) {
  return {
    id: profile.id,
    route: profile.route,
    dialect: profile.dialect,
    // The embedded upstream's address is no business of the callers.
    origin: profile.sandbox ? undefined : profile.origin,
    sandbox: profile.sandbox || undefined,
    unofficial: profile.unofficial || undefined,
    health,
    until,
    reason,
    retired: profile.retired,
    can: abilities(profile.capabilities),
    max_characters: profile.capabilities.maxCharacters,
    character_clip_seconds: profile.capabilities.characterClipSeconds,
    default_model: profile.defaultModel,
    default_seconds: profile.defaultSeconds,
    default_size: profile.defaultSize,
    models: profile.models.map((model) => ({ ...modelView(model), gone_until: goneModels[model.id] })),
    limits: limitsView(profile),
  };
}

function abilities(capabilities: Capabilities): string[] {
  return Object.entries(capabilities)
    .filter(([, able]) => able === true)
    .map(([name]) => name.replace(/([A-Z])/g, '_$1').toLowerCase());
}

function modelView(model: ModelOffer) {
  return {
    id: model.id,
    status: model.status,
    retired_on: model.retiredOn,
    replacement: model.replacement,
    sizes: model.sizes,
    seconds: model.seconds,
  };
}

function limitsView({ limits }: BackendProfile) {
  return {
    creates_per_minute: limits.createsPerMinute,
    reads_per_minute: limits.readsPerMinute,
    concurrent_jobs: limits.concurrentJobs,
    link_lifetime_seconds: limits.linkLifetimeSeconds,
  };
}
