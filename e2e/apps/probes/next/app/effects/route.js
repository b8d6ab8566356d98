import { statSync } from 'node:fs';

export const dynamic = 'force-dynamic';

export function GET() {
  return Response.json({ signup: statSync(process.env.PROBE_FILE).size });
}
