/** A language whose words PostgreSQL can reduce to their stems. */
export type Language = keyof typeof dictionaries

/** The dictionaries of PostgreSQL 15, by language. */
export const dictionaries = {
  en: 'english_stem',
  de: 'german_stem',
  fr: 'french_stem',
  es: 'spanish_stem',
  it: 'italian_stem',
  pt: 'portuguese_stem',
  nl: 'dutch_stem',
  sv: 'swedish_stem',
  da: 'danish_stem',
  no: 'norwegian_stem',
  fi: 'finnish_stem',
  hu: 'hungarian_stem',
  ro: 'romanian_stem',
  tr: 'turkish_stem',
  ru: 'russian_stem',
  el: 'greek_stem',
  ar: 'arabic_stem',
  hi: 'hindi_stem',
} as const

/** Words that nearly every text of a language has. Those of two languages say less than those of one. */
const common: Readonly<Record<string, string>> = {
  en: 'the and of to in is was are were it that this with for on at by from be have has had not but you we they he she his her my our i what who will would can do does been their there a an or as if so about when how just your me all out up more',
  de: 'der die das und ist nicht ich ein eine einen einem einer mit auf für von zu zum zur wir den dem des im am sich auch sind war waren wird wurde haben hat aber oder wie als bei nach aus noch nur es sie er du ihr mein dein kein keine über unter vor heute',
  fr: 'le la les et est pas je un une des du de dans que qui pour sur avec ce cette ces nous vous il elle ils elles sont était ont mais ou où au aux par plus mon ma mes ton ta son sa ne se en très être avoir fait comme',
  es: 'el la los las y es no un una unos unas de del en que por para con se lo su sus al como más pero está están son fue era muy mi tu nos ya también hay ser este esta esto yo cuando porque sin',
  it: 'il lo la gli le e è non un una di del della dei delle in nel nella che per con si su al alla come più ma sono era ho hai ha anche mio tuo suo questo questa ci da dal molto essere quando perché io',
  pt: 'o a os as e é não um uma uns umas de do da dos das em no na nos nas que por para com se ao como mais mas são foi era muito meu minha seu sua também está estão eu você já quando este esta isto',
  nl: 'de het een en is niet ik van in op te dat die voor met zijn was er aan ook als maar om door naar bij uit nog wel hij zij wij jij je mijn ons deze dit heeft hebben wordt werd geen over kan',
  sv: 'och är inte jag en ett det den som på av för med till att i har var vi du han hon de om men så kan ska från eller också mycket när min din sin nu här där mig',
  da: 'og er ikke jeg en et det den som på af for med til at i har var vi du han hun de om men så kan skal fra eller også meget når min din sin nu her der mig blev hvad',
  no: 'og er ikke jeg en et det den som på av for med til å i har var vi du han hun de om men så kan skal fra eller også veldig når min din sin nå her der meg ble hva',
  fi: 'ja on ei minä sinä hän se että oli ovat mutta kun niin myös tai kuin jos nyt vain joka mitä minun tämä ne he me ole olen olla sekä',
  hu: 'a az és nem egy is hogy van volt de meg ez ezt csak mint már még ha vagy én te ő mi ti ők nagyon itt ott lesz most minden',
  ro: 'și si este nu un o de la în cu pe că care din pentru sunt era mai dar sau ce eu tu el ea noi voi ei lor acest această fost foarte',
  tr: 've bir bu için ile de da değil çok ben sen biz siz onlar ama gibi daha ne var yok mi mı mu mü olan olarak kadar sonra şu her en ki',
}
const telling: Readonly<Record<string, RegExp>> = {
  de: /ß|[äöü]/,
  es: /[ñ¿¡]/,
  pt: /[ãõ]/,
  sv: /å.*[äö]|[äö].*å/,
  da: /[æø]/,
  no: /[æø]/,
  fi: /ää|öö|yy/,
  hu: /[őű]/,
  ro: /[ășț]/,
  tr: /[ığş]/,
  fr: /[çœùêîûë]/,
}
const scripts: readonly [RegExp, Language][] = [
  [/\p{sc=Cyrillic}/u, 'ru'],
  [/\p{sc=Greek}/u, 'el'],
  [/\p{sc=Arabic}/u, 'ar'],
  [/\p{sc=Devanagari}/u, 'hi'],
]
const latin = /\p{sc=Latin}/u

const languagesOfWord = new Map<string, string[]>()
for (const [language, words] of Object.entries(common))
  for (const word of words.split(' '))
    languagesOfWord.set(word, [...(languagesOfWord.get(word) ?? []), language])

/** Words of a text that are looked at. */
const looked = 200

/**
 * The languages a text of these words (in lower case) seems to be in: one for each script, and two where Latin letters leave it open. A short text without
 * any common word counts as English when its letters allow it: a wrong guess finds a little too much, none too little.
 */
export function languagesOf(words: readonly string[]): Language[] {
  const some = words.slice(0, looked)
  const found = scripts
    .filter(([script]) => some.some(word => script.test(word)))
    .map(([, language]) => language)
  const inLatin = some.filter(word => latin.test(word))
  return inLatin.length === 0 ? found : [...found, ...latinLanguages(inLatin)]
}

/** Whether a word of a search can be one of the language: its script says so. */
export function canBe(language: Language, word: string): boolean {
  const script = scripts.find(([, its]) => its === language)?.[0] ?? latin
  return script.test(word)
}

function latinLanguages(words: readonly string[]): Language[] {
  const scores = new Map<string, number>()
  const add = (language: string, points: number) => scores.set(language, (scores.get(language) ?? 0) + points)
  for (const word of new Set(words)) {
    const languages = languagesOfWord.get(word) ?? []
    for (const language of languages) add(language, 1 / languages.length + 0.5)
  }
  const text = words.join(' ')
  for (const [language, letters] of Object.entries(telling)) if (letters.test(text)) add(language, 1)
  if (scores.size === 0) return /^[\p{ASCII}]*$/u.test(text) ? ['en'] : []
  const best = Math.max(...scores.values())
  return [...scores]
    .filter(([, score]) => score > best - 0.3)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 2)
    .map(([language]) => language as Language)
}
