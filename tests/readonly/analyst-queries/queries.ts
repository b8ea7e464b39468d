/** Questions that people ask of their money, and an analyst of everybody's, as a model would write them. */
export const analystQueries: Readonly<Record<string, string>> = {
  'How much did I spend on each category last quarter?': `
    select category, currency, -sum(amount) as spent, count(*) as n from transactions
    where amount < 0 and status = 'posted' and date >= date '2025-10-01' and date < date '2026-01-01'
    group by category, currency order by spent desc`,
  'Which ten payments were the largest?': `
    select date, merchant, amount, currency from finance.transactions where direction = 'debit'
    order by amount asc, date desc limit 10`,
  'What came in and went out each month?': `
    select date_trunc('month', date)::date as month, currency,
      sum(amount) filter (where amount > 0) as income, -sum(amount) filter (where amount < 0) as spending,
      sum(amount) as net
    from transactions where status = 'posted' group by 1, 2 order by 1`,
  'What is the running balance of each account?': `
    select account_id, date, amount,
      sum(amount) over (partition by account_id order by date, id rows between unbounded preceding and current row) as running
    from transactions order by account_id, date limit 200`,
  'How does each month compare with the one before?': `
    with monthly as (
      select to_char(date, 'YYYY-MM') as month, -sum(amount) as spent from transactions where amount < 0 group by 1
    )
    select month, spent, lag(spent) over w as before, round(100 * (spent / nullif(lag(spent) over w, 0) - 1), 1) as change
    from monthly window w as (order by month) order by month`,
  'Which merchants rank first in each category?': `
    select * from (
      select category, merchant, -sum(amount) as spent, rank() over (partition by category order by sum(amount)) as place
      from transactions where amount < 0 group by category, merchant
    ) ranked where place <= 3 order by category, place`,
  'What are the median and the 90th percentile of my payments?': `
    select category, percentile_cont(0.5) within group (order by -amount) as median,
      percentile_disc(array[0.5, 0.9]) within group (order by -amount) as p50_p90
    from transactions where amount < 0 group by category having count(*) > 3`,
  'On which weekday do I spend most?': `
    select extract(isodow from date)::int as weekday, trim(to_char(date, 'Day')) as name, -avg(amount)::numeric(19,4) as mean
    from transactions where amount < 0 group by 1, 2 order by 1`,
  'How much of the credit limit of each card is used?': `
    select name, -balance as owed, credit_limit, round(-balance / nullif(credit_limit, 0) * 100, 1) as used
    from accounts where account_type = 'credit_card' order by used desc nulls last`,
  'What am I worth?': `
    select currency, sum(balance) as net, sum(greatest(balance, 0)) as assets, sum(least(balance, 0)) as debts
    from accounts where status <> 'closed' group by currency`,
  'Which days had no transaction this year?': `
    select d::date as day from generate_series(date '2025-01-01', date '2025-12-31', interval '1 day') d
    where not exists (select 1 from transactions t where t.date = d::date)`,
  'Spending of each day with a gap of zero': `
    select d.day::date, coalesce(-sum(t.amount) filter (where t.amount < 0), 0) as spent
    from generate_series('2025-06-01'::timestamp, '2025-06-30', '1 day') as d(day)
    left join transactions t on t.date = d.day::date group by 1 order by 1`,
  'What is the seven-day moving average of spending?': `
    with days as (select date, -sum(amount) as spent from transactions where amount < 0 group by date)
    select date, spent, avg(spent) over (order by date range between '6 days' preceding and current row) as mean7 from days`,
  'Which merchants charge me every month?': `
    select merchant, count(distinct date_trunc('month', date)) as months, round(avg(amount), 2) as mean,
      max(date) - min(date) as days
    from transactions where is_subscription group by merchant having count(distinct date_trunc('month', date)) >= 3`,
  'How many days lie between two charges of a merchant?': `
    select merchant, avg(gap) as mean_gap, stddev_samp(gap) as spread from (
      select merchant, date - lag(date) over (partition by merchant order by date) as gap from transactions where is_subscription
    ) g where gap is not null group by merchant`,
  'Which payments are far from what is usual for the category?': `
    with stats as (
      select category, avg(amount) as mean, stddev_pop(amount) as dev from transactions where amount < 0 group by category
    )
    select t.date, t.merchant, t.amount, (t.amount - s.mean) / nullif(s.dev, 0) as z
    from transactions t join stats s using (category) where t.amount < 0 and abs((t.amount - s.mean) / nullif(s.dev, 0)) > 3`,
  'The three latest payments of each account': `
    select a.name, latest.date, latest.merchant, latest.amount from accounts a
    cross join lateral (
      select t.date, t.merchant, t.amount from transactions t where t.account_id = a.id order by t.date desc, t.id desc limit 3
    ) latest`,
  'Totals by category and month, with subtotals': `
    select coalesce(category, 'all') as category, to_char(date_trunc('month', date), 'YYYY-MM') as month, sum(amount),
      grouping(category, date_trunc('month', date)) as level
    from transactions group by rollup (category, date_trunc('month', date)) order by level, 1, 2`,
  'Totals by grouping sets and cube': `
    select category, direction, count(*) from transactions group by grouping sets ((category), (direction), ())
    union all select category, direction, count(*) from transactions group by cube (category, direction) limit 100`,
  'What will a debt cost over a year at 2 % a month?': `
    with recursive debt(month, owed) as (
      select 0, 1000::numeric union all select month + 1, round(owed * 1.02, 4) from debt where month < 12
    ) select month, owed from debt`,
  'Every month of the last two years, by recursion': `
    with recursive months as (
      select date '2024-01-01' as first union all select (first + interval '1 month')::date from months where first < '2025-12-01'
    ) select first, (first + interval '1 month' - interval '1 day')::date as last from months`,
  'A breadth-first walk with search and cycle': `
    with recursive walk(a, b) as (
      select 1, 2 union all select b, (b + 1) % 5 from walk
    ) search breadth first by a set ord cycle a set is_cycle using path
    select a, b, is_cycle from walk limit 20`,
  'Which transactions mention coffee?': `
    select date, merchant from transactions where merchant ilike '%coffee%' or description ~* '\\mcoffee\\M' limit 50`,
  'What do the first words of merchants say?': `
    select initcap(split_part(lower(merchant), ' ', 1)) as word, count(*), string_agg(distinct merchant, ', ' order by merchant) as all
    from transactions group by 1 order by 2 desc limit 20`,
  'Merchants without digits and signs': `
    select distinct regexp_replace(trim(both from merchant), '[^[:alpha:] ]+', '', 'g') as clean, length(merchant),
      left(merchant, 5) || right(merchant, 3) as ends, position('a' in lower(merchant)) as first_a
    from transactions order by 1 limit 20`,
  'What do the signals say about my subscriptions?': `
    select time_window, signal_type, signal_value ->> 'monthly_spend' as monthly, jsonb_typeof(signal_value)
    from computed_features where signal_type = 'subscription' order by computed_at desc`,
  'Every key of the signals': `
    select f.signal_type, e.key, e.value from computed_features f, jsonb_each(f.signal_value) e where jsonb_typeof(e.value) <> 'null'`,
  'Signals by path': `
    select signal_type, jsonb_path_query_first(signal_value, '$.*') as first, signal_value #>> '{utilization}' as used
    from computed_features where signal_value @? '$.*' limit 20`,
  'My months as one JSON': `
    select json_agg(json_build_object('month', month, 'net', net) order by month) as months from (
      select to_char(date, 'YYYY-MM') as month, sum(amount) as net from transactions group by 1
    ) m`,
  'Categories as an object': `
    select jsonb_object_agg(category, spent) as by_category from (
      select category, -sum(amount) as spent from transactions where amount < 0 group by category
    ) c`,
  'Which persona was I in, and when?': `
    select time_window, persona, assigned_at, lead(assigned_at) over (partition by time_window order by assigned_at) as until
    from persona_assignments order by assigned_at`,
  'What share of spending is each category?': `
    select category, -sum(amount) as spent, round(100 * sum(amount) / sum(sum(amount)) over (), 2) as share
    from transactions where amount < 0 group by category order by share desc`,
  'Which categories make up 80 %?': `
    select category, spent, running from (
      select category, spent, sum(spent) over (order by spent desc) / sum(spent) over () as running
      from (select category, -sum(amount) as spent from transactions where amount < 0 group by category) s
    ) r where running <= 0.8`,
  'Accounts with their number of transactions, even none': `
    select a.id, a.name, a.account_type, count(t.id) as n, max(t.date) as latest
    from accounts a left join transactions t on t.user_id = a.user_id and t.account_id = a.id group by a.id, a.name, a.account_type`,
  'What is pending?': `select * from transactions where status = 'pending' order by date desc`,
  'Weekends against weekdays': `
    select case when extract(dow from date) in (0, 6) then 'weekend' else 'weekday' end as kind, count(*), avg(-amount)
    from transactions where amount < 0 group by kind`,
  'Payments just before and after the pay day': `
    with pay as (select date from transactions where amount > 0 and category = 'income')
    select p.date as paid, sum(-t.amount) filter (where t.date between p.date and p.date + 7) as week_after,
      sum(-t.amount) filter (where t.date between p.date - 7 and p.date - 1) as week_before
    from pay p join transactions t on t.amount < 0 and t.date between p.date - 7 and p.date + 7 group by p.date order by 1`,
  'Correlation of the day of the month and the amount': `
    select corr(extract(day from date), amount), regr_slope(amount, extract(day from date)), covar_pop(1, amount) from transactions`,
  'Quartiles of payments': `
    select ntile, min(amount), max(amount), count(*) from (
      select amount, ntile(4) over (order by amount) from transactions where amount < 0
    ) q group by ntile order by ntile`,
  'A histogram of amounts': `
    select width_bucket(-amount, 0, 500, 10) as bucket, numrange(min(-amount), max(-amount), '[]') as range, count(*)
    from transactions where amount < 0 group by bucket order by bucket`,
  'How old is each account?': `
    select name, age(current_date, created_at::date) as age, now() - created_at > interval '1 year' as old,
      make_date(extract(year from created_at)::int, 1, 1) as year from accounts`,
  'The fiscal quarter of each payment': `
    select concat('Q', extract(quarter from date), ' ', extract(year from date)) as quarter, sum(amount) from transactions group by 1`,
  'Payments in a time zone': `
    select (posted_at at time zone 'America/New_York')::date as day, timezone('UTC', posted_at) as utc, date_part('hour', posted_at) as hour
    from transactions where posted_at is not null limit 20`,
  'By the fortnight': `
    select date_bin('14 days', date::timestamp, timestamp '2025-01-06') as fortnight, sum(amount) from transactions group by 1 order by 1`,
  'Is every amount what its direction says?': `
    select bool_and(case direction when 'debit' then amount < 0 else amount > 0 end) as right, every(amount <> 0) from transactions`,
  'The first and last payment of each merchant': `
    select distinct on (merchant) merchant, first_value(date) over w as first, last_value(date) over w as last
    from transactions window w as (partition by merchant order by date rows between unbounded preceding and unbounded following)
    order by merchant limit 30`,
  'Which merchants are in one month and not in the next?': `
    select merchant from transactions where date >= '2025-05-01' and date < '2025-06-01'
    except select merchant from transactions where date >= '2025-06-01' and date < '2025-07-01'
    intersect select merchant from transactions order by merchant`,
  'My recommendations and whether I looked': `
    select type, count(*) as n, count(shown_at) as shown, count(*) filter (where clicked) as clicked,
      round(count(*) filter (where clicked)::numeric / nullif(count(shown_at), 0), 3) as rate from recommendations group by type`,
  'Unread insights': `select title, message, created_at from insights where not is_read order by created_at desc fetch first 5 rows only`,
  'Holdings by value': `
    select symbol, quantity * price as value, quantity * price - cost_basis as gain, price_date,
      percent_rank() over (order by quantity * price) as place from investments order by value desc`,
  'Allocation by asset class': `
    select asset_class, currency, sum(quantity * price) as value, string_agg(symbol, '/' order by symbol) from investments group by 1, 2`,
  'Transfers between my accounts': `
    select f.name as "from", t.name as "to", count(*), sum(x.from_amount) from transfers x
    join accounts f on f.id = x.from_account_id join accounts t on t.id = x.to_account_id group by 1, 2`,
  'Money sent to others': `select recipient_id, currency, sum(amount) as sent, max(created_at) from p2p_transfers where status = 'accepted' group by 1, 2`,
  'Cards that expire within a year': `
    select brand, last4, make_date(exp_year, exp_month, 1) + interval '1 month' as until from cards
    where make_date(exp_year, exp_month, 1) < current_date + interval '1 year'`,
  'What did I ask the assistant?': `
    select created_at::date, left(message, 80) as asked, char_length(response) as answer_length from chat_logs order by created_at desc limit 20`,
  'Values as a table': `select * from (values ('rent', 1200), ('food', 400)) as budget(category, planned) where planned > any (array[300, 500])`,
  'Budget against what was spent': `
    with budget(category, planned) as (values ('groceries', 400::numeric), ('dining', 200), ('transport', 120))
    select b.category, b.planned, coalesce(s.spent, 0) as spent, b.planned - coalesce(s.spent, 0) as left_over
    from budget b left join (
      select category, -sum(amount) as spent from transactions where amount < 0 and date >= '2025-11-01' group by category
    ) s on s.category = b.category`,
  'Arrays of merchants': `
    select category, array_agg(distinct merchant order by merchant) as merchants, cardinality(array_agg(distinct merchant)) as n,
      (array_agg(amount order by date desc))[1:3] as latest from transactions group by category`,
  'Is one of these merchants there?': `select count(*) from transactions where merchant = any (string_to_array('Netflix,Spotify', ','))`,
  'A list unnested with its places': `
    select u.place, u.word, (select count(*) from transactions t where t.category = u.word) as n
    from unnest(array['groceries', 'dining', 'rent']) with ordinality as u(word, place)`,
  'Semi-join and anti-join': `
    select name from accounts a where exists (select from transactions t where t.account_id = a.id)
      and id not in (select account_id from cards) and (account_type, currency) in (('checking', 'USD'), ('savings', 'EUR'))`,
  'A scalar subquery beside each row': `
    select a.name, (select sum(t.amount) from transactions t where t.account_id = a.id and t.date >= '2025-01-01') as year from accounts a`,
  'Full join of two months by category': `
    select coalesce(m.category, n.category) as category, m.total as may, n.total as june from
      (select category, sum(amount) as total from transactions where to_char(date, 'MM') = '05' group by 1) m
      full outer join (select category, sum(amount) as total from transactions where to_char(date, 'MM') = '06' group by 1) n using (category)`,
  'Numbers as people read them': `
    select to_char(balance, 'FM999,999,990.00') || ' ' || currency as shown, sign(balance), trunc(balance), ceil(balance), mod(balance, 100),
      balance::money::text as local, format('%s: %s', name, balance) as text, lpad(id::text, 40, '0') from accounts`,
  'A sample of my transactions': `select date, amount from transactions tablesample bernoulli (10) repeatable (1) limit 10`,
  'The mode and the number of distinct values': `
    select mode() within group (order by category) as usual, count(distinct merchant) as merchants, variance(amount) as v from transactions`,
  'Who am I?': `select first_name, last_name, email, created_at from users`,
  'The whole table': `table insights`,
  'A table and its rows as JSON': `select row_to_json(a) as account, to_jsonb(a) -> 'balance' as balance from accounts a`,
  'How fast does saving grow?': `
    select name, exp(ln(greatest(balance, 1)::float8) / 12) as monthly, power(1.02, 12) as yearly, sqrt(abs(balance)) as root, pi()
    from accounts where account_type in ('savings', 'high_yield_savings', 'money_market')`,
  'Hash and hex': `select md5(merchant) as key, encode(sha256(convert_to(merchant, 'UTF8')), 'hex') as digest from transactions limit 3`,
  'Words in my messages': `
    select word, count(*) from chat_logs, regexp_split_to_table(lower(message), '\\W+') as word where word <> '' group by word order by 2 desc limit 10`,
  'Search in messages': `select message from chat_logs where to_tsvector('english', message) @@ websearch_to_tsquery('english', 'budget or saving')`,
  'Overlapping spans of time': `
    select (date '2025-01-01', date '2025-02-01') overlaps (date '2025-01-15', interval '10 days') as yes,
      daterange('2025-01-01', '2025-02-01') @> date '2025-01-10' as inside, upper(daterange('2025-01-01', null)) as open`,
}
