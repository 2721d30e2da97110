import { type Token, tokensOf } from './tokens.ts'

/** What must be in what is found. */
export type Term =
  /** One word, in any of its forms. */
  | { readonly kind: 'word'; readonly text: string; readonly word: string }
  /** These, side by side, as they are written. */
  | { readonly kind: 'phrase'; readonly tokens: readonly Token[] }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'author'; readonly username: string }

/** All of these, and none of those. */
export interface Branch {
  readonly all: readonly Term[]
  readonly none: readonly Term[]
}

/**
 * What is searched for: any of the branches. The words of a branch are all asked for; `"…"` is a phrase, `-` leaves out, `OR` stands between two branches,
 * `#tag` and `@username` narrow. Nothing is an error: signs that mean nothing are passed over. A branch that only leaves out is dropped, for nearly
 * everything would be found.
 */
export function parseQuery(q: string): Branch[] {
  const branches: { all: Term[]; none: Term[] }[] = [{ all: [], none: [] }]
  for (const { groups } of q.normalize('NFKC').matchAll(part)) {
    const { minus, quoted, raw } = groups as { minus: string; quoted?: string; raw?: string }
    if (raw !== undefined && minus === '' && /^or$/i.test(raw)) {
      branches.push({ all: [], none: [] })
      continue
    }
    const term = quoted === undefined ? termOf(raw!) : phraseOf(quoted)
    if (term === undefined) continue
    const branch = branches.at(-1)!
    const terms = minus === '' ? branch.all : branch.none
    if (!terms.some(each => JSON.stringify(each) === JSON.stringify(term))) terms.push(term)
  }
  return branches.filter(branch => branch.all.length > 0)
}

// Also what is quoted and never closed.
const part = /(?<minus>-?)(?:"(?<quoted>[^"]*)"?|(?<raw>[^\s"]+))/g

function termOf(raw: string): Term | undefined {
  const tag = /^#([\p{L}\p{M}\p{N}_]+)/u.exec(raw)?.[1]
  if (tag !== undefined) return { kind: 'tag', tag: tag.toLowerCase() }
  const username = /^@([A-Za-z0-9_]{1,30})(?![\p{L}\p{N}])/u.exec(raw)?.[1]
  if (username !== undefined) return { kind: 'author', username: username.toLowerCase() }
  const tokens = tokensOf(raw)
  const [first] = tokens
  if (tokens.length === 1 && first?.kind === 'word')
    return { kind: 'word', text: first.text, word: first.word }
  return tokens.length === 0 ? undefined : { kind: 'phrase', tokens }
}

function phraseOf(quoted: string): Term | undefined {
  const tokens = tokensOf(quoted)
  return tokens.length === 0 ? undefined : { kind: 'phrase', tokens }
}
