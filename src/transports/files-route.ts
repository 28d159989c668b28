import { type FileHandle, open } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { extname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Call } from './call.ts';
import type { HttpPorts } from './ports.ts';
import { parseRange } from './range.ts';
import { PRIVATE_HEADERS, refuse } from './refusal.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.mp4': 'video/mp4',
  '.webm': 'video/webm',
  '.mov': 'video/quicktime',
};

/** The task that a path names; the only characters that pass are those of an id. */
export function taskOf(path: string): string | undefined {
  return /^\/files\/([A-Za-z0-9_]{1,64})$/.exec(path)?.[1];
}

/** `/files/{task}`: a saved video, whole or in parts. The path on disk comes from the store alone. */
export async function sendFile(ports: HttpPorts, call: Call, taskId: string): Promise<void> {
  const { req, tenant } = call;
  if (req.method !== 'GET' && req.method !== 'HEAD') {
    throw refuse(405, 'Method not allowed', { headers: { allow: 'GET, HEAD' } });
  }
  const file = await ports.files(tenant.caller.workspace, taskId);
  const missing = () => refuse(404, 'There is no saved video of this task');
  if (file === undefined) throw missing();
  const leave = tenant.downloads.take();
  try {
    const handle = await open(file.path).catch(() => undefined);
    if (handle === undefined) throw missing();
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) throw missing();
      await send(handle, { ...file, size: stat.size, modified: stat.mtime }, call, ports.limits.stallMs);
    } finally {
      await handle.close();
    }
  } finally {
    leave();
  }
}

interface OpenFile {
  readonly name: string;
  readonly size: number;
  readonly modified: Date;
}

async function send(handle: FileHandle, file: OpenFile, { req, res }: Call, stallMs: number): Promise<void> {
  const etag = `"${file.size.toString(36)}-${file.modified.getTime().toString(36)}"`;
  const headers = {
    ...PRIVATE_HEADERS,
    'content-type': TYPES[extname(file.name).toLowerCase()] ?? 'application/octet-stream',
    'content-disposition': `inline; filename="${file.name.replace(/[^\w.-]/g, '_')}"`,
    'accept-ranges': 'bytes',
    'last-modified': file.modified.toUTCString(),
    'referrer-policy': 'no-referrer',
    etag,
  };
  const condition = req.headers['if-range'];
  // A range is defined for GET alone.
  const asked = req.method === 'GET' && (condition === undefined || condition === etag);
  const range = asked ? parseRange(req.headers.range, file.size) : 'whole';
  if (range === 'outside') {
    throw refuse(416, 'The range lies outside the file', { headers: { 'content-range': `bytes */${file.size}` } });
  }
  const part = range === 'whole' ? { start: 0, end: file.size - 1 } : range;
  const length = String(part.end - part.start + 1);
  if (range === 'whole') res.writeHead(200, { ...headers, 'content-length': length });
  else {
    const place = `bytes ${part.start}-${part.end}/${file.size}`;
    res.writeHead(206, { ...headers, 'content-length': length, 'content-range': place });
  }
  if (req.method === 'HEAD' || file.size === 0) res.end();
  else await stream(handle, part, res, stallMs);
}

async function stream(handle: FileHandle, part: { start: number; end: number }, res: ServerResponse, stallMs: number) {
  res.setTimeout(stallMs, () => res.destroy());
  // The handle is the caller's to close.
  const source = handle.createReadStream({ ...part, autoClose: false });
  // A viewer that skips ahead leaves in the middle; that is no error.
  await pipeline(source, res).catch(() => res.destroy());
}
