import { dirname, join, normalize } from 'node:path/posix'

/** What a workspace may import of ours: ARCHITECTURE.md, "Who may import whom". */
type Rank = 'kernel' | 'service' | 'gateway' | 'everything'

interface Workspace {
  folder: string
  name: string | undefined
  rank: Rank
}

const words: Record<Rank, string> = {
  kernel: 'the kernel imports nothing of ours',
  service: 'a service imports the kernel and other services’ contracts, never their insides',
  gateway: 'the gateway imports the kernel and contracts',
  everything: 'everything',
}

/** The workspace a file belongs to, by its path from the root; undefined where no rule has been written yet. */
export function workspaceOf(path: string): Workspace | undefined {
  const [top = '', second = ''] = path.split('/')
  if (top === 'services') return { folder: `services/${second}`, name: `@plaza/${second}`, rank: 'service' }
  if (['bench', 'test', 'scripts'].includes(top)) return { folder: top, name: undefined, rank: 'everything' }
  const folder = `${top}/${second}`
  const rank = { 'packages/kernel': 'kernel', 'apps/gateway': 'gateway' }[folder]
  if (rank) return { folder, name: `@plaza/${second}`, rank: rank as Rank }
  if (folder === 'packages/testing' || folder === 'apps/plaza')
    return { folder, name: `@plaza/${second}`, rank: 'everything' }
  return undefined
}

/** Why this file must not import this; undefined if it may. */
export function whyNot(path: string, specifier: string): string | undefined {
  const from = workspaceOf(path)
  if (!from) return undefined
  if (specifier.startsWith('/') || specifier.startsWith('file:')) return 'names a place on one machine'
  if (specifier.startsWith('.')) {
    const target = normalize(join(dirname(path), specifier))
    if (target === 'package.json' && from.rank === 'everything') return undefined
    return target.startsWith(`${from.folder}/`)
      ? undefined
      : 'reaches by path into another workspace: import its package'
  }
  const [scope, name, ...inside] = specifier.split('/')
  if (scope !== '@plaza') return undefined
  return mayImport(from, `@plaza/${name}`, inside.join('/'), isTest(path)) ? undefined : words[from.rank]
}

function mayImport(from: Workspace, target: string, inside: string, fromTest: boolean): boolean {
  if (from.rank === 'everything') return true
  if (fromTest && (target === '@plaza/testing' || target === from.name)) return true
  if (from.rank === 'kernel') return false
  return target === '@plaza/kernel' || inside === 'contract'
}

export function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || path.includes('/test/')
}
