import type { PostId, UserId } from '@plaza/kernel/contract'
import { timeOf } from '@plaza/kernel/data'
import type { EventOf } from '@plaza/kernel/events'
import type { PostFacts, posts } from '@plaza/posts/contract'
import { halfLivesIn, minus, voiceAt } from './trending-score.ts'

/** A post's id, or a tag behind a `#`. */
export type Subject = string

export const heardTypes = ['posted', 'edited', 'deleted', 'hidden', 'liked', 'reposted'] as const
type Heard = (typeof heardTypes)[number]
export type PostsEvent = { [T in Heard]: { readonly type: T } & EventOf<typeof posts, T> }[Heard]

const hour = 3_600_000
/** A person speaks for a tag again after this long. */
const tagWindow = 24 * hour
/** Voices and uses of tags are dropped after this long: 2^-28 of a new one. */
export const keptFor = 7 * 24 * hour
/** The first tags of a post count. */
const maxTags = 5
/** What one person may push within an hour: posts, and tags. */
const maxAnHour = { posts: 300, tags: 30 }

/** Somebody speaks for something. */
export interface Voice {
  readonly subject: Subject
  readonly person: UserId
  /** Epoch ms. */
  readonly at: number
}

/** Somebody speaks for somebody's post. */
interface PostVoice extends Voice {
  readonly author: UserId
}

/** What posts says of what the events name. */
export interface Facts {
  /** Who wrote those that may trend: public posts that answer none. */
  readonly authors: ReadonlyMap<PostId, UserId>
  /** What was posted or edited, as it is now. */
  readonly written: ReadonlyMap<PostId, PostFacts>
}

/** The tags that a post bears from now on. */
interface Tagged {
  readonly person: UserId
  readonly at: number
  readonly tags: readonly string[]
}

export interface Work {
  readonly voices: readonly PostVoice[]
  readonly tagged: ReadonlyMap<PostId, Tagged>
  /** By whom what vanishes was written. */
  readonly gone: ReadonlyMap<PostId, UserId>
}

/** Whether a post can trend at all. */
export function mayTrend({ visibility, replyTo }: Pick<PostFacts, 'visibility' | 'replyTo'>): boolean {
  return visibility === 'public' && replyTo === null
}

/** What must be asked about the events. */
export function asksOf(events: readonly PostsEvent[]): { spokenFor: PostId[]; written: PostId[] } {
  const spokenFor = new Set<PostId>()
  const written = new Set<PostId>()
  for (const { type, data } of events) {
    if (type === 'posted' && data.replyTo !== undefined) spokenFor.add(data.replyTo)
    else if (type === 'edited' || (type === 'posted' && data.visibility === 'public'))
      written.add(data.postId)
    else if ((type === 'liked' || type === 'reposted') && data.userId !== data.authorId)
      spokenFor.add(data.postId)
  }
  return { spokenFor: [...spokenFor], written: [...written] }
}

/** What the events mean. Taking a like back takes no voice back: else one could speak anew each hour (docs/decisions/0045-trending.md). */
export function workOf(events: readonly PostsEvent[], { authors, written }: Facts): Work {
  const voices: PostVoice[] = []
  const tagged = new Map<PostId, Tagged>()
  const gone = new Map<PostId, UserId>()
  const speak = (post: PostId, person: UserId, at: number) => {
    const author = authors.get(post)
    if (author !== undefined && author !== person) voices.push({ subject: post, person, author, at })
  }
  for (const { type, data, at: when } of events) {
    const at = when.getTime()
    switch (type) {
      case 'liked':
      case 'reposted':
        speak(data.postId, data.userId, at)
        break
      case 'deleted':
      case 'hidden':
        if (data.replyTo !== undefined) break
        gone.set(data.postId, data.authorId)
        tagged.set(data.postId, { person: data.authorId, at, tags: [] })
        break
      case 'posted':
      case 'edited': {
        if (type === 'posted' && data.replyTo !== undefined) speak(data.replyTo, data.authorId, at)
        const facts = written.get(data.postId)
        if (facts !== undefined && mayTrend(facts) && !tagged.has(data.postId))
          tagged.set(data.postId, { person: data.authorId, at, tags: tagsThatCount(facts, at) })
      }
    }
  }
  return { voices, tagged, gone }
}

function tagsThatCount({ id, tags }: PostFacts, at: number): readonly string[] {
  return timeOf(id) < at - keptFor ? [] : tags.slice(0, maxTags)
}

/** How much a person said lately. */
export interface Said {
  readonly posts: number
  readonly tags: number
}

/** From when on `Said` counts for voices from this time on. */
export const saidSince = (at: number) => voiceAt(at - hour)

export interface NewVoice {
  readonly subject: Subject
  readonly person: UserId
  /** log2 of its weight. */
  readonly voice: number
  /** log2 of what it adds to the sum. */
  readonly adds: number
  /** Whether the person had not spoken for the subject. */
  readonly isFirst: boolean
}

export const keyOf = ({ subject, person }: Pick<Voice, 'subject' | 'person'>) => `${subject} ${person}`

/**
 * Which of these voices count: one of a person for a post, ever, and for a tag one a day, the later in place of the earlier; and no more than a
 * person may give in an hour. `known`: the voices there are, by `keyOf`.
 */
export function newVoices(
  voices: readonly Voice[],
  known: ReadonlyMap<string, number>,
  said: ReadonlyMap<UserId, Said>,
): NewVoice[] {
  const found = new Map<string, NewVoice>()
  const counts = new Map<UserId, { posts: number; tags: number }>()
  for (const { subject, person, at } of voices) {
    const key = keyOf({ subject, person })
    if (found.has(key)) continue
    const kind = subject.startsWith('#') ? 'tags' : 'posts'
    const voice = voiceAt(at)
    const before = known.get(key)
    if (before !== undefined && (kind === 'posts' || voice - before < halfLivesIn(tagWindow))) continue
    const count = counts.get(person) ?? { posts: 0, tags: 0, ...said.get(person) }
    counts.set(person, count)
    if (++count[kind] > maxAnHour[kind]) continue
    const isFirst = before === undefined
    found.set(key, { subject, person, voice, adds: isFirst ? voice : minus(voice, before), isFirst })
  }
  return [...found.values()]
}
