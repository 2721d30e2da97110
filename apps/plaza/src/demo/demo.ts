import { readEnv, toConfig } from '@plaza/kernel/config'
import { runDemo } from './run-demo.ts'

/** `plaza demo`: fills the Plaza that runs at `url`, or where this configuration would listen. */
export async function demo(options: { people: number; posts: number; url?: string }): Promise<void> {
  const { host, port } = toConfig(readEnv())
  const url = options.url ?? `http://${host}:${port}`
  await runDemo({ url: url.replace(/\/$/, ''), people: options.people, postsEach: options.posts })
}
