import type { UserId } from '@plaza/kernel/contract'
import { type Db, sql, type Tx, toId, toUuid } from '@plaza/kernel/data'
import type { PersonalData } from '@plaza/kernel/service'
import { timeOfVoice } from './trending-score.ts'
import { dropEmpty, lockSubjects, takeBack } from './trending-store.ts'

const exported = 500
const usesPerStep = 200
const voicesPerStep = 1_000

/** What trending holds of a person: for what they spoke in the last days, and which tags their posts bear. */
export function trendingPersonal(db: Db): PersonalData {
  return {
    export: async (person, after = '') => {
      const rows = await voicesOf.all(db, { person: toUuid(person), after, limit: exported })
      return {
        records: rows.map(row => ({
          kind: 'trending-voice',
          data: { for: row.subject, at: new Date(timeOfVoice(row.voice)).toISOString() },
        })),
        next: rows.length < exported ? null : rows.at(-1)!.subject,
      }
    },
    erase: async person => {
      const { uses, voices } = await db.transaction(async tx => {
        const uses = await eraseUses(tx, person)
        // With the last of their tags went what they said for them; the rest becomes nobody's.
        const isLast = uses < usesPerStep
        return {
          uses,
          voices: isLast ? await disown.run(tx, { person: toUuid(person), limit: voicesPerStep }) : 0,
        }
      })
      return {
        done: uses < usesPerStep && voices < voicesPerStep,
        erased: { trendingTags: uses, trendingVoices: voices },
      }
    },
  }
}

/** The person's posts bear no tags any more, and what they said with them is taken back. */
async function eraseUses(tx: Tx, person: UserId): Promise<number> {
  const uses = await usesOf.all(tx, { person: toUuid(person), limit: usesPerStep })
  if (uses.length === 0) return 0
  const subjects = new Set(uses.map(use => `#${use.tag}`))
  await lockSubjects(tx, new Map([...subjects].map(subject => [subject, null])))
  const gone = await eraseUsesOf.all(tx, {
    person: toUuid(person),
    posts: uses.map(use => use.post_id),
    tags: uses.map(use => use.tag),
  })
  await takeBack(
    tx,
    gone.map(use => ({ post: toId('post', use.post_id), tag: use.tag, person })),
  )
  await dropEmpty.run(tx, { subjects: [...subjects] })
  return uses.length
}

const voicesOf = sql({
  name: 'timelines.voices-of-person',
  params: { person: 'uuid', after: 'text', limit: 'int4' },
  row: { subject: 'text', voice: 'float8' },
})`
  select subject, voice
  from voices
  where person_id = ${'person'} and subject > ${'after'}
  order by subject
  limit ${'limit'}`

const usesOf = sql({
  name: 'timelines.tag-uses-of-person',
  params: { person: 'uuid', limit: 'int4' },
  row: { post_id: 'uuid', tag: 'text' },
})`
  select post_id, tag
  from tag_posts
  where person_id = ${'person'}
  limit ${'limit'}`

const eraseUsesOf = sql({
  name: 'timelines.erase-tag-uses',
  params: { person: 'uuid', posts: 'uuid[]', tags: 'text[]' },
  row: { post_id: 'uuid', tag: 'text' },
})`
  delete from tag_posts p
  using unnest(${'posts'}, ${'tags'}) old (post_id, tag)
  where p.post_id = old.post_id and p.tag = old.tag and p.person_id = ${'person'}
  returning p.post_id, p.tag`

// Somebody spoke for it, and that stays so until it is old; who it was, and that several were one, is forgotten.
const disown = sql({ name: 'timelines.disown-voices', params: { person: 'uuid', limit: 'int4' } })`
  update voices v
  set person_id = gen_random_uuid()
  from (
    select subject
    from voices
    where person_id = ${'person'}
    limit ${'limit'}
    for update
  ) own
  where v.subject = own.subject and v.person_id = ${'person'}`
