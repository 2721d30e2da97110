import type { UserId } from '@plaza/kernel/contract'
import { toUuid } from '@plaza/kernel/data'
import type { Branch, Term } from './parse-query.ts'
import { soughtOf, type Token } from './tokens.ts'

/** How words are looked up: by their stems, and whose a username is. */
export interface Lookup {
  /** Each stem as the index holds it: `de:lauf`. */
  readonly stemsOf: (word: string) => readonly string[]
  readonly authorOf: (username: string) => UserId | undefined
}

/** The branches as a `tsquery` over `documents`; undefined when nothing can be found. */
export function postsQuery(branches: readonly Branch[], lookup: Lookup): string | undefined {
  return queryOf(branches, term => postTerm(term, lookup))
}

/** The branches as a `tsquery` over `people.names`: each word is the beginning of one. */
export function peopleQuery(branches: readonly Branch[]): string | undefined {
  return queryOf(branches, term => {
    if (term.kind === 'word') return `${quoted(term.text)}:*`
    if (term.kind === 'author') return `${quoted(`@${term.username}`)}:*`
    if (term.kind === 'tag') return `${quoted(term.tag)}:*`
    return phrase(term.tokens)
  })
}

/** How the index writes a person's authorship and a tag. */
export const authorLexeme = (author: UserId) => `@${toUuid(author)}`
export const tagLexeme = (tag: string) => `#${tag}`

/** A word for a `tsvector` or `tsquery`. */
export const quoted = (lexeme: string) => `'${lexeme.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`

/** `show` gives undefined for what stands nowhere. */
function queryOf(branches: readonly Branch[], show: (term: Term) => string | undefined): string | undefined {
  const shown = branches.flatMap(({ all, none }) => {
    const wanted = all.map(show)
    if (wanted.includes(undefined)) return []
    const unwanted = none.map(show).filter(each => each !== undefined)
    return [[...wanted, ...unwanted.map(each => `!(${each})`)].map(each => `(${each})`).join(' & ')]
  })
  return shown.length === 0 ? undefined : shown.map(each => `(${each})`).join(' | ')
}

function postTerm(term: Term, { stemsOf, authorOf }: Lookup): string | undefined {
  if (term.kind === 'word') return [term.text, ...stemsOf(term.word)].map(quoted).join(' | ')
  if (term.kind === 'phrase') return phrase(term.tokens)
  if (term.kind === 'tag') return quoted(tagLexeme(term.tag))
  const author = authorOf(term.username)
  return author && quoted(authorLexeme(author))
}

function phrase(tokens: readonly Token[]): string {
  const sought = tokens.flatMap(soughtOf)
  return sought
    .map(({ lexeme, at }, i) => {
      const before = sought[i - 1]
      return before === undefined ? quoted(lexeme) : `<${at - before.at}> ${quoted(lexeme)}`
    })
    .join(' ')
}
