-- What a subject's voices come to: how many people, and log2 of the sum of the weights. exp() of less than -745 is an error, not a zero.
create function voices_sum(of_subject text) returns table (people integer, score double precision) stable language sql as $$
  select count(*)::integer,
    coalesce(max(loudest) + ln(sum(exp(greatest((voice - loudest) * ln(2::float8), -700)))) / ln(2::float8), '-infinity')
  from (select voice, max(voice) over () as loudest from voices where subject = of_subject) each
$$;
