/** A piece of text as it is searched for. `at` counts words from 1; in scripts without spaces every letter counts. */
export type Token =
  | {
      readonly kind: 'word'
      /** In lower case, without accents. */
      readonly text: string
      /** In lower case, as stemmers want it. */
      readonly word: string
      readonly at: number
    }
  | { readonly kind: 'dense'; readonly letters: readonly string[]; readonly at: number }

/** Letters of a word that count. */
const maxWordLength = 64
/** PostgreSQL tells no places beyond this one apart. */
const maxPlace = 16_383

// Scripts that are written without spaces, or whose words are changed by what is glued to them (Korean).
const dense =
  '\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Hangul}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmer}\\p{sc=Myanmar}ー'
const piece = new RegExp(
  `(?<dense>(?:(?=[\\p{L}\\p{M}\\p{N}])[${dense}])+)|(?:(?![${dense}])[\\p{L}\\p{M}\\p{N}_])+|\\p{Extended_Pictographic}`,
  'gu',
)

/** `piece` for ASCII, which has no scripts to tell apart. */
const plainPiece = /[a-z0-9_]+/gi
const isPlain = (text: string) => /^[\0-\x7f]*$/.test(text)

/** The tokens of a text in their order; whatever the text holds, they are letters, digits, underscores and pictures only. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  let at = 1
  for (const { 0: found, groups } of text.normalize('NFKC').matchAll(isPlain(text) ? plainPiece : piece)) {
    if (at > maxPlace) break
    if (groups?.dense === undefined) {
      const word = cut(found.toLowerCase())
      const text = fold(word)
      // Nothing but accents.
      if (text === '') continue
      tokens.push({ kind: 'word', text, word, at })
      at += 1
    } else {
      const letters = [...found]
      tokens.push({ kind: 'dense', letters, at })
      at += letters.length
    }
  }
  return tokens
}

/** What the index holds of a token: words, and of dense letters each one and each pair. */
export function indexedOf(token: Token): { readonly lexeme: string; readonly at: number }[] {
  if (token.kind === 'word') return [{ lexeme: token.text, at: token.at }]
  return token.letters.flatMap((letter, i) => {
    const at = Math.min(token.at + i, maxPlace)
    const next = token.letters[i + 1]
    return next === undefined
      ? [{ lexeme: letter, at }]
      : [
          { lexeme: letter, at },
          { lexeme: letter + next, at },
        ]
  })
}

/** What must stand in a text, one after the other, for a token to be in it: pairs of letters, side by side, are the letters themselves. */
export function soughtOf(token: Token): { readonly lexeme: string; readonly at: number }[] {
  if (token.kind === 'word') return [{ lexeme: token.text, at: token.at }]
  const { letters, at } = token
  if (letters.length === 1) return [{ lexeme: letters[0]!, at }]
  return letters.slice(1).map((letter, i) => ({ lexeme: letters[i]! + letter, at: at + i }))
}

const unlike: Readonly<Record<string, string>> = { ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd', ı: 'i' }

/** The word without accents, Arabic and Hebrew vowel signs: people search without them. */
export function fold(word: string): string {
  if (isPlain(word)) return word
  return word
    .normalize('NFKD')
    .replace(/[\u0300-\u036f\u0591-\u05c7\u064b-\u0652]/g, '')
    .replace(/[ßæœøłđı]/g, letter => unlike[letter]!)
    .normalize('NFKC')
}

function cut(word: string): string {
  return word.length <= maxWordLength ? word : [...word].slice(0, maxWordLength).join('')
}
