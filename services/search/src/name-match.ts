import { fold, tokensOf } from './tokens.ts'

/** A person as they are looked for. */
export interface Named {
  readonly username: string
  /** As `nameOf` writes it. */
  readonly displayName: string
  /** Points, below 1,000. */
  readonly popularity: number
}

/** Letters of a name that are looked at for slips of the hand. */
const looked = 12
/** Shorter names have too many that are like them. */
const shortest = 4

/**
 * How well a person fits what was typed, the highest best: their name itself, a beginning of it, words of it (or of their bio), a name that differs by
 * a slip; of equals the better known.
 */
export function scoreOf(q: string, person: Named): number {
  const typed = nameOf(q)
  const names = [person.username, person.displayName]
  const words = names.flatMap(name => name.split(/[_ ]/))
  const tier = names.includes(typed)
    ? 5
    : names.some(name => name.startsWith(typed))
      ? 4
      : words.some(word => word.startsWith(typed))
        ? 3
        : typed.split(/[_ ]/).some(part => words.some(word => word.startsWith(part)))
          ? 2
          : 1
  return 1_000 * tier + person.popularity
}

/** Points for followers, in steps of a doubling: one follower more seldom moves a person, and no page twice. */
export function popularityOf(followers: number): number {
  return 40 * Math.min(24, Math.floor(Math.log2(1 + followers)))
}

/** What the index holds so that a name is found in spite of a slip: its words, each with and without one of its first letters. */
export function misspeltOf(names: readonly string[]): string[] {
  const words = new Set(names.flatMap(name => wordsOf(plain(name))).slice(0, 8))
  for (const name of names) words.add(wordsOf(plain(name)).join(''))
  return [...new Set([...words].flatMap(slipsOf))]
}

/** A name in the form it is compared in: a username as it is, of another its words with a space between. */
export function nameOf(name: string): string {
  const typed = plain(name)
  return /^[a-z0-9_]*$/.test(typed) ? typed : wordsOf(typed).join(' ')
}

/** A name without accents and in lower case. */
export function plain(name: string): string {
  return fold(name.normalize('NFKC').trim().replace(/^@/, '').toLowerCase())
}

/** The words of a name; a username's parts too. */
export function wordsOf(name: string): string[] {
  return tokensOf(name).flatMap(token =>
    token.kind === 'word' ? token.text.split('_').filter(part => part !== '') : token.letters.join(''),
  )
}

function slipsOf(word: string): string[] {
  const letters = [...word].slice(0, looked)
  if (letters.length < shortest) return []
  return [letters.join(''), ...letters.map((_, i) => letters.toSpliced(i, 1).join(''))]
}
