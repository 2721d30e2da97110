import { seededRandom } from '@plaza/kernel/service'

const syllables =
  'ba ko ri ne ta mu lo si pe da vi zu ga fo hi ly que ran tor mel dus pan cre sto bly wen'.split(' ')
const wordCount = 5_000
const everyday = 'market bread coffee bicycle table morning garden letter blue walking'.split(' ')

const random = seededRandom(100_000)
/** Words as rare as words are: the n-th is written about 1/n as often as the first. */
const words = Array.from({ length: wordCount }, () =>
  Array.from(
    { length: 2 + Math.floor(random() * 3) },
    () => syllables[Math.floor(random() * syllables.length)],
  ).join(''),
)

/** A text of some fifteen words, common and rare, and a word that no other has. */
export function variedText(n: number): string {
  const random = seededRandom(n)
  const text = Array.from({ length: 12 }, () => words[Math.floor(wordCount ** random()) - 1]!)
  const common = everyday[n % everyday.length]!
  return `${text.join(' ')}, and ${common} everywhere. number${n}`
}

/** What is searched, by how much there is to find. */
export const searches: Readonly<Record<string, readonly string[]>> = {
  'a word in every post': ['everywhere'],
  'a word in every tenth': everyday,
  'two words': everyday.map((word, i) => `${word} ${words[i]!}`),
  'rare words': Array.from({ length: 200 }, (_, i) => words[wordCount - 1 - 7 * i]!),
  'one in all': Array.from({ length: 200 }, (_, i) => `number${i * 97}`),
}
