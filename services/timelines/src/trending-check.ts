import { type Db, sql } from '@plaza/kernel/data'
import type { Check } from '@plaza/kernel/service'

const perPart = 200
/** Sums in another order differ by less; a voice that is missing among a million makes 1e-6. */
const tolerance = 1e-7

/** What trends is what its voices say. */
export function trendingCheck(db: Db): Check {
  return {
    promise:
      'the score of what trends is the sum of its voices, a person has one, and tags count their posts',
    look: async after => {
      const rows = await compare.all(db, { after: after ?? '', limit: perPart })
      return {
        checked: rows.length,
        breaches: rows.flatMap(row => {
          const detail = differences(row)
          return detail === '' ? [] : [{ id: row.subject, detail }]
        }),
        next: rows.length < perPart ? null : rows.at(-1)!.subject,
      }
    },
  }
}

function differences(row: Compared): string {
  const found: string[] = []
  const isScore = row.score === row.summed || Math.abs(row.score - row.summed) < tolerance
  if (!isScore) found.push(`has score ${row.score}, its voices sum up to ${row.summed}`)
  if (row.people_count !== row.people)
    found.push(`counts ${row.people_count} people, and has voices of ${row.people}`)
  if (row.post_count !== row.posts) found.push(`counts ${row.post_count} posts, and has ${row.posts}`)
  return found.join('; ')
}

type Compared = Awaited<ReturnType<typeof compare.all>>[number]

const compare = sql({
  name: 'timelines.compare-trends',
  params: { after: 'text', limit: 'int4' },
  row: {
    subject: 'text',
    score: 'float8',
    people_count: 'int4',
    post_count: 'int4',
    summed: 'float8',
    people: 'int4',
    posts: 'int4',
  },
})`
  select part.subject, part.score, part.people_count, part.post_count,
    coalesce(said.score, '-infinity') as summed,
    coalesce(said.people, 0) as people,
    (select count(*) from tag_posts p where starts_with(part.subject, '#') and p.tag = substr(part.subject, 2))::int4 as posts
  from (
    select subject, score, people_count, post_count
    from trends
    where subject > ${'after'} and gone_at is null
    order by subject
    limit ${'limit'}
  ) part
  left join lateral (
    select count(*)::int4 as people,
      loudest.voice + ln(sum(exp(greatest((v.voice - loudest.voice) * ln(2::float8), -700)))) / ln(2::float8) as score
    from (select max(voice) as voice from voices where subject = part.subject) loudest
    join voices v on v.subject = part.subject
    group by loudest.voice
  ) said on true
  order by part.subject`
