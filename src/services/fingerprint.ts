import { createHash } from 'node:crypto';
import type { TaskKind, VideoRequest } from '../domain/task.ts';

/** The same request, whatever the order its fields came in, has the same fingerprint. */
export function fingerprintOf(kind: TaskKind, request: VideoRequest, parentId?: string): string {
  const facts = [
    kind,
    parentId ?? '',
    request.prompt,
    [...request.characterIds].sort(),
    request.seconds ?? '',
    request.size ?? '',
    request.aspectRatio ?? '',
    request.model ?? '',
    request.priority,
    request.backend ?? '',
    request.referenceImage ?? '',
    request.referenceVideo ?? '',
    request.influenceStrength ?? '',
  ];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}
