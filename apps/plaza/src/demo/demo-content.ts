const firstNames = (
  'Ana Ben Chloe David Elif Farid Greta Hugo Ines Jonas Kofi Lena Mateo Nadia Omar Pia Quentin Rosa Samir Tove ' +
  'Uma Viktor Wanda Xavier Yuki Zoe Amara Bjorn Camila Dmitri Esther Finn'
).split(' ')
const lastNames = (
  'Albrecht Bianchi Costa Dubois Eriksen Fischer Garcia Haddad Ivanova Jensen Kowalski Lopez Moreau Nakamura Okafor ' +
  'Petrov Quist Rossi Silva Tanaka Ueda Vargas Weber Xu Yilmaz Zhang Baker Cohen Diallo Evans'
).split(' ')

const openings = [
  'Fresh from the oven this morning:',
  'Who else is at the market today?',
  'Finally finished it:',
  'A small thing that made my day:',
  'Asking for a friend:',
  'New on my table:',
  'Reading again and loving it:',
  'Note to self:',
]
const middles = [
  'rye bread with walnuts',
  'a blue linen shirt, mended twice',
  'three jars of quince jelly',
  'the old bicycle, now with lights that work',
  'a chair I built from one plank',
  'tomatoes that taste of summer',
  'a map of every bench in town',
  'a lamp made of nothing but paper',
  'my grandmother’s coffee mill',
  'letters nobody ever sent',
]
const endings = [
  'Come and see.',
  'What do you think?',
  'Never again. (Tomorrow again.)',
  '',
  'Ask me how.',
  'Worth every hour.',
]
const tags = ['#market', '#handmade', '#bread', '#bicycles', '#reading', '#garden', '#coffee', '#repair']

/** Who the n-th person of the demo is; the same in each run, so that a demo that was stopped goes on where it was. */
export function demoPerson(n: number) {
  const first = pick(firstNames, n)
  const last = pick(lastNames, Math.floor(n / firstNames.length) + n * 7)
  const username = `${first}_${last}_${n}`.toLowerCase()
  return {
    email: `${username}@demo.example`,
    username,
    displayName: `${first} ${last}`,
    password: `plaza demo ${n} ${last.length * 7919 + n}`,
  }
}

/** The text of a person's k-th post. Now and then it mentions somebody. */
export function demoPost(person: number, k: number, mention: string): string {
  const n = person * 31 + k * 17
  const parts = [
    pick(openings, n),
    `${pick(middles, n * 3 + k)}.`,
    pick(endings, n * 7 + k),
    pick(tags, n + k),
  ]
  if (n % 9 === 0) parts.push(`@${mention}`)
  return parts.filter(part => part !== '').join(' ')
}

const answers = [
  'I was about to say the same.',
  'Where did you find that?',
  'Save one for me!',
  'My grandmother would have loved this.',
  'Is it still there this afternoon?',
  'Not so sure, but I like how you tell it.',
  'Coming over with coffee.',
  'Teach me how?',
  'This is why I read you.',
  'Three, please.',
]

/** What somebody answers to somebody. */
export function demoAnswer(person: number, k: number): string {
  return pick(answers, person * 13 + k * 7)
}

/** What one person does with the posts of another, as `reactionsTo` says. */
export interface DemoReactions {
  readonly likes: boolean
  readonly reposts: boolean
  readonly answers: boolean
}

/**
 * Whether this person likes, reposts or answers that post, the same in each run. One post in nine is loved: so some trend, and most have a
 * few likes.
 */
export function reactionsTo(person: number, author: number, k: number): DemoReactions {
  const isLoved = (author * 5 + k) % 9 === 0
  const dice = hash(person * 7_919 + author * 104_729 + k * 1_299_709) % 1_000
  return {
    likes: dice < (isLoved ? 300 : 60),
    reposts: dice < (isLoved ? 40 : 5),
    answers: dice % 100 < (isLoved ? 6 : 1),
  }
}

// Knuth's multiplicative hash: neighbours come far apart.
const hash = (n: number) => (Math.imul(n, 2_654_435_761) >>> 8) & 0xffffff

function pick<T>(from: readonly T[], n: number): T {
  return from[n % from.length]!
}
