-- Version 1 of the schema of pubsub.postgresql. `src/schema.rs` runs it once, in one transaction.
--
-- Messages are only ever added, and removed by emptying a whole table, and so is what tells which of them a group has been
-- given (`deliveries`). So sizes stay flat without vacuum. And no statement looks a row up among older versions of it, so
-- that a transaction that stays open for hours elsewhere in the database, which keeps vacuum from working, makes nothing
-- here slower.
--
-- Advisory locks, all of them to the end of their transaction:
--   1684107378, topic         one publisher at a time: the order of ids is the order of commits, so that whoever sees an
--                             id sees every smaller id of the topic that there will ever be
--   1684107379, subscription  one taker at a time
--   1684107380, 0             shared by publishers, exclusive for the change of segment
--   1684107380, 1             one housekeeper
--   1684107380, 2             one migration
--   1684107380, 3             shared by takers, exclusive for emptying tables, so that neither waits for the other's

CREATE SEQUENCE dapr_pubsub.message_id;

CREATE TABLE dapr_pubsub.topics (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- A segment is a range of ids, from its `first_id` to that of the next one, kept in the tables of its slot. The one with
-- the greatest `first_id` takes what is published. There are as many slots as pairs of tables: `tidy` makes one free again.
CREATE TABLE dapr_pubsub.segments (
  first_id bigint PRIMARY KEY,
  slot smallint NOT NULL UNIQUE,
  opened_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE dapr_pubsub.messages (
  slot smallint NOT NULL,
  id bigint NOT NULL,
  topic int NOT NULL,
  published_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  content_type text NOT NULL,
  metadata json NOT NULL,
  data bytea NOT NULL
) PARTITION BY LIST (slot);

CREATE INDEX ON dapr_pubsub.messages (topic, id);

INSERT INTO dapr_pubsub.segments (first_id, slot) VALUES (0, 0);

-- Who gets every message of a topic once: a consumer group.
CREATE TABLE dapr_pubsub.subscriptions (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  topic int NOT NULL REFERENCES dapr_pubsub.topics ON DELETE CASCADE,
  consumer_group text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (topic, consumer_group)
);

-- How far a group has been given the messages of its topic. The row with the greatest `seq` counts; it is changed in
-- place, and after so many moves a new one begins, so that none ever has many versions.
CREATE TABLE dapr_pubsub.positions (
  subscription int NOT NULL,
  seq bigint NOT NULL,
  position bigint NOT NULL,
  moves int NOT NULL DEFAULT 0,
  PRIMARY KEY (subscription, seq)
) WITH (fillfactor = 30);

-- What a group has been given and not acknowledged. At `visible_at` it may be given again; 'infinity': given up.
-- `consumer` is who has it: the upper half says on which host. Without foreign keys, which would lock the subscription's
-- row for each message.
CREATE TABLE dapr_pubsub.deliveries (
  slot smallint NOT NULL,
  subscription int NOT NULL,
  id bigint NOT NULL,
  consumer bigint NOT NULL,
  delivery int NOT NULL,
  visible_at timestamptz NOT NULL,
  PRIMARY KEY (slot, subscription, id)
) PARTITION BY LIST (slot);

CREATE INDEX ON dapr_pubsub.deliveries (subscription, visible_at);

DO $$
BEGIN
  FOR slot IN 0..7 LOOP
    EXECUTE format('CREATE TABLE dapr_pubsub.messages_%1$s PARTITION OF dapr_pubsub.messages FOR VALUES IN (%1$s)', slot);
    EXECUTE format(
      'CREATE TABLE dapr_pubsub.deliveries_%1$s PARTITION OF dapr_pubsub.deliveries FOR VALUES IN (%1$s) '
      'WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)', slot);
  END LOOP;
END $$;

-- topic NAME: its id; makes it when there is none.
CREATE FUNCTION dapr_pubsub.topic(name_ text) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
  id_ int;
BEGIN
  SELECT t.id INTO id_ FROM dapr_pubsub.topics t WHERE t.name = name_;
  IF id_ IS NULL THEN
    INSERT INTO dapr_pubsub.topics (name) VALUES (name_) ON CONFLICT (name) DO NOTHING;
    SELECT t.id INTO STRICT id_ FROM dapr_pubsub.topics t WHERE t.name = name_;
  END IF;
  RETURN id_;
END $$;

-- publish: adds messages in their order, and announces them.
CREATE FUNCTION dapr_pubsub.publish(topic_ int, data_ bytea[], content_type_ text[], metadata_ text[]) RETURNS void
LANGUAGE plpgsql SET jit = off AS $$
DECLARE
  slot_ smallint;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(1684107380, 0);
  PERFORM pg_advisory_xact_lock(1684107378, topic_);
  SELECT s.slot INTO STRICT slot_ FROM dapr_pubsub.segments s ORDER BY s.first_id DESC LIMIT 1;
  INSERT INTO dapr_pubsub.messages (slot, id, topic, content_type, metadata, data)
  SELECT slot_, nextval('dapr_pubsub.message_id'), topic_, m.content_type, m.metadata::json, m.data
  FROM unnest(data_, content_type_, metadata_) WITH ORDINALITY AS m (data, content_type, metadata, place)
  ORDER BY m.place;
  PERFORM pg_notify('dapr_pubsub', topic_::text);
END $$;

-- subscribe: the subscription of a group, and its topic. A new one begins with the oldest message that is kept, or after
-- the newest. With `host_`, what an earlier process there was given is free again.
CREATE FUNCTION dapr_pubsub.subscribe(
  topic_ text, group_ text, oldest_ boolean, host_ bigint, OUT subscription int, OUT topic int
)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  new_ int;
BEGIN
  topic := dapr_pubsub.topic(topic_);
  SELECT s.id INTO subscription FROM dapr_pubsub.subscriptions s
  WHERE s.topic = subscribe.topic AND s.consumer_group = group_;
  IF subscription IS NULL THEN
    PERFORM pg_advisory_xact_lock(1684107378, topic);
    INSERT INTO dapr_pubsub.subscriptions (topic, consumer_group) VALUES (subscribe.topic, group_)
    ON CONFLICT (topic, consumer_group) DO NOTHING RETURNING id INTO new_;
    IF new_ IS NOT NULL THEN
      INSERT INTO dapr_pubsub.positions (subscription, seq, position)
      SELECT new_, 0, CASE WHEN oldest_ THEN 0 ELSE coalesce(max(m.id), 0) END
      FROM dapr_pubsub.messages m WHERE m.topic = subscribe.topic;
    END IF;
    SELECT s.id INTO STRICT subscription FROM dapr_pubsub.subscriptions s
    WHERE s.topic = subscribe.topic AND s.consumer_group = group_;
  END IF;
  IF host_ IS NOT NULL THEN
    UPDATE dapr_pubsub.deliveries d SET visible_at = clock_timestamp()
    WHERE d.subscription = subscribe.subscription AND d.consumer >> 32 = host_ AND d.visible_at < 'infinity';
  END IF;
END $$;

-- settle: what became of messages: acknowledged by whoever was given them; refused, to be given again after so many
-- seconds, or given up ('infinity'), by who has them.
CREATE FUNCTION dapr_pubsub.settle(
  subscription_ int, consumer_ bigint, acked_slots_ smallint[], acked_ bigint[],
  refused_slots_ smallint[], refused_ bigint[], refused_in_ float8[]
) RETURNS void
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET jit = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  -- A lost acknowledgement costs a second delivery, never a message.
  PERFORM set_config('synchronous_commit', 'off', true);
  IF cardinality(acked_) > 0 THEN
    DELETE FROM dapr_pubsub.deliveries d USING unnest(acked_slots_, acked_) AS a (slot, id)
    WHERE d.slot = a.slot AND d.subscription = subscription_ AND d.id = a.id;
  END IF;
  IF cardinality(refused_) > 0 THEN
    UPDATE dapr_pubsub.deliveries d
    SET visible_at = CASE WHEN r.seconds = 'infinity' THEN 'infinity'
      ELSE clock_timestamp() + make_interval(secs => r.seconds) END
    FROM unnest(refused_slots_, refused_, refused_in_) AS r (slot, id, seconds)
    WHERE d.slot = r.slot AND d.subscription = subscription_ AND d.id = r.id AND d.consumer = consumer_;
  END IF;
END $$;

-- take: gives a consumer the next messages, at most so many and so many bytes, but one at least. With `look_back_`, first
-- those that were given before and are due again; when there is nothing at all, the one row says in `due` after how many
-- seconds one will be.
CREATE FUNCTION dapr_pubsub.take(
  subscription_ int, topic_ int, consumer_ bigint, most_ int, most_bytes_ int, visible_in_ float8, most_deliveries_ int,
  look_back_ boolean
) RETURNS TABLE (
  slot smallint, id bigint, delivery int, content_type text, metadata text, data bytea, due float8
)
LANGUAGE plpgsql ROWS 100
-- A plan made while a table is small must not be kept when it is large.
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  visible_ timestamptz;
  place_ dapr_pubsub.positions;
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  PERFORM pg_advisory_xact_lock_shared(1684107380, 3);
  PERFORM pg_advisory_xact_lock(1684107379, subscription_);
  visible_ := clock_timestamp() + make_interval(secs => visible_in_);
  IF look_back_ THEN
    IF most_deliveries_ > 0 THEN
      UPDATE dapr_pubsub.deliveries d SET visible_at = 'infinity'
      WHERE d.subscription = subscription_ AND d.visible_at <= clock_timestamp() AND d.delivery >= most_deliveries_;
    END IF;
    RETURN QUERY
    WITH late AS MATERIALIZED (
      SELECT d.slot, d.id, d.visible_at FROM dapr_pubsub.deliveries d
      WHERE d.subscription = subscription_ AND d.visible_at <= clock_timestamp()
      ORDER BY d.visible_at LIMIT most_
    ), sized AS MATERIALIZED (
      SELECT m.slot, m.id, m.content_type, m.metadata, m.data,
        sum(octet_length(m.data)) OVER (ORDER BY late.visible_at, m.id ROWS UNBOUNDED PRECEDING) - octet_length(m.data) AS before
      FROM late JOIN dapr_pubsub.messages m ON m.slot = late.slot AND m.topic = topic_ AND m.id = late.id
    ), again AS (
      UPDATE dapr_pubsub.deliveries d SET consumer = consumer_, delivery = d.delivery + 1, visible_at = visible_
      FROM sized
      WHERE sized.before < most_bytes_ AND d.slot = sized.slot AND d.subscription = subscription_ AND d.id = sized.id
      RETURNING d.id, d.delivery
    )
    SELECT sized.slot, sized.id, again.delivery, sized.content_type, sized.metadata::text, sized.data, NULL::float8
    FROM sized JOIN again ON again.id = sized.id ORDER BY sized.id;
    IF FOUND THEN
      RETURN;
    END IF;
  END IF;
  SELECT * INTO place_ FROM dapr_pubsub.positions p WHERE p.subscription = subscription_ ORDER BY p.seq DESC LIMIT 1;
  -- A row that changes in place has versions, which somebody else's long transaction would let pile up.
  IF place_.moves >= 50 THEN
    INSERT INTO dapr_pubsub.positions (subscription, seq, position)
    VALUES (subscription_, place_.seq + 1, place_.position);
    DELETE FROM dapr_pubsub.positions p WHERE p.subscription = subscription_ AND p.seq = place_.seq;
    place_.seq := place_.seq + 1;
  END IF;
  RETURN QUERY
  WITH sized AS MATERIALIZED (
    SELECT m.slot, m.id, m.content_type, m.metadata, m.data,
      sum(octet_length(m.data)) OVER (ORDER BY m.id ROWS UNBOUNDED PRECEDING) - octet_length(m.data) AS before
    FROM (
      SELECT n.slot, n.id, n.content_type, n.metadata, n.data FROM dapr_pubsub.messages n
      WHERE n.topic = topic_ AND n.id > place_.position ORDER BY n.id LIMIT most_
    ) m
  ), given AS (
    INSERT INTO dapr_pubsub.deliveries (slot, subscription, id, consumer, delivery, visible_at)
    SELECT sized.slot, subscription_, sized.id, consumer_, 1, visible_ FROM sized WHERE sized.before < most_bytes_
    RETURNING deliveries.id
  ), moved AS (
    UPDATE dapr_pubsub.positions p SET position = (SELECT max(given.id) FROM given), moves = p.moves + 1
    WHERE p.subscription = subscription_ AND p.seq = place_.seq AND EXISTS (SELECT FROM given)
  )
  SELECT sized.slot, sized.id, 1, sized.content_type, sized.metadata::text, sized.data, NULL::float8
  FROM sized WHERE sized.before < most_bytes_ ORDER BY sized.id;
  IF NOT FOUND AND look_back_ THEN
    RETURN QUERY
    SELECT NULL::smallint, NULL::bigint, NULL::int, NULL::text, NULL::text, NULL::bytea,
      extract(epoch FROM min(d.visible_at) - clock_timestamp())::float8
    FROM dapr_pubsub.deliveries d WHERE d.subscription = subscription_ AND d.visible_at < 'infinity';
  END IF;
END $$;

-- extend: keeps messages from becoming due; says which of them the consumer still has.
CREATE FUNCTION dapr_pubsub.extend(
  subscription_ int, consumer_ bigint, slots_ smallint[], ids_ bigint[], visible_in_ float8
) RETURNS SETOF bigint
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET jit = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  RETURN QUERY
  UPDATE dapr_pubsub.deliveries d SET visible_at = clock_timestamp() + make_interval(secs => visible_in_)
  FROM unnest(slots_, ids_) AS o (slot, id)
  WHERE d.slot = o.slot AND d.subscription = subscription_ AND d.id = o.id AND d.consumer = consumer_
    AND d.visible_at < 'infinity'
  RETURNING d.id;
END $$;

-- release: gives back what a consumer was given and will not handle. What it has not seen was not delivered.
CREATE FUNCTION dapr_pubsub.release(
  subscription_ int, topic_ int, consumer_ bigint, slots_ smallint[], ids_ bigint[], seen_ boolean[]
) RETURNS void
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET jit = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  UPDATE dapr_pubsub.deliveries d
  SET visible_at = clock_timestamp(), delivery = d.delivery - CASE WHEN o.seen THEN 0 ELSE 1 END
  FROM unnest(slots_, ids_, seen_) AS o (slot, id, seen)
  WHERE d.slot = o.slot AND d.subscription = subscription_ AND d.id = o.id AND d.consumer = consumer_
    AND d.visible_at < 'infinity';
  PERFORM pg_notify('dapr_pubsub', topic_::text || ' back');
END $$;

-- waiting_for: who has not acknowledged, or given up, all messages of a segment: a topic and its group; a topic alone when
-- it has no group, so that nobody has.
CREATE FUNCTION dapr_pubsub.waiting_for(slot_ smallint) RETURNS TABLE (topic text, consumer_group text)
LANGUAGE sql STABLE AS $$
  SELECT t.name, s.consumer_group
  FROM dapr_pubsub.topics t
  CROSS JOIN LATERAL (SELECT max(m.id) AS id FROM dapr_pubsub.messages m WHERE m.slot = slot_ AND m.topic = t.id) newest
  LEFT JOIN dapr_pubsub.subscriptions s ON s.topic = t.id
  WHERE newest.id IS NOT NULL AND (
    s.id IS NULL
    OR newest.id > (
      SELECT p.position FROM dapr_pubsub.positions p WHERE p.subscription = s.id ORDER BY p.seq DESC LIMIT 1
    )
    OR EXISTS (
      SELECT FROM dapr_pubsub.deliveries d WHERE d.slot = slot_ AND d.subscription = s.id AND d.visible_at < 'infinity'
    )
  )
$$;

-- tidy: empties the segments whose messages nobody may want any more: older than so many seconds, or, with `acknowledged_`,
-- acknowledged by all. Says how many it emptied, and which groups had not acknowledged all that was in them.
CREATE FUNCTION dapr_pubsub.tidy(retention_ float8, acknowledged_ boolean, OUT emptied int, OUT missed text[])
LANGUAGE plpgsql SET jit = off AS $$
DECLARE
  segment_ record;
  aged_ boolean;
  waits_ boolean;
  groups_ text[];
BEGIN
  emptied := 0;
  missed := '{}';
  IF NOT pg_try_advisory_xact_lock(1684107380, 1) THEN
    RETURN;
  END IF;
  -- Somebody who reads the table for long, such as a backup, is not waited for.
  PERFORM set_config('lock_timeout', '200ms', true);
  FOR segment_ IN
    SELECT s.slot, s.first_id, lead(s.opened_at) OVER (ORDER BY s.first_id) AS closed_at FROM dapr_pubsub.segments s
  LOOP
    CONTINUE WHEN segment_.closed_at IS NULL; -- it is the one that messages are added to
    aged_ := segment_.closed_at <= clock_timestamp() - make_interval(secs => retention_);
    CONTINUE WHEN NOT aged_ AND NOT acknowledged_;
    SELECT count(*) > 0, array_agg(w.topic || '/' || w.consumer_group) FILTER (WHERE w.consumer_group IS NOT NULL)
    INTO waits_, groups_ FROM dapr_pubsub.waiting_for(segment_.slot) w;
    CONTINUE WHEN NOT aged_ AND waits_;
    BEGIN
      PERFORM pg_advisory_xact_lock(1684107380, 3);
      EXECUTE format('TRUNCATE dapr_pubsub.messages_%1$s, dapr_pubsub.deliveries_%1$s', segment_.slot);
      DELETE FROM dapr_pubsub.segments s WHERE s.first_id = segment_.first_id;
      emptied := emptied + 1;
      missed := missed || groups_;
    EXCEPTION WHEN lock_not_available THEN
      NULL; -- the next time
    END;
  END LOOP;
END $$;

-- forget: removes a group that will not come back, so that no message is kept for it. Says from how many topics.
CREATE FUNCTION dapr_pubsub.forget(group_ text) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
  ids_ int[];
BEGIN
  WITH gone AS (DELETE FROM dapr_pubsub.subscriptions s WHERE s.consumer_group = group_ RETURNING s.id)
  SELECT coalesce(array_agg(gone.id), '{}') INTO ids_ FROM gone;
  DELETE FROM dapr_pubsub.positions p WHERE p.subscription = ANY (ids_);
  DELETE FROM dapr_pubsub.deliveries d WHERE d.subscription = ANY (ids_);
  RETURN cardinality(ids_);
END $$;

-- turn: opens the next segment, when the newest is larger or older than that and a slot is free. Whether it did.
CREATE FUNCTION dapr_pubsub.turn(most_bytes_ bigint, most_seconds_ float8) RETURNS boolean
LANGUAGE plpgsql SET jit = off AS $$
DECLARE
  newest_ record;
  slot_ smallint;
  bytes_ bigint;
BEGIN
  IF NOT pg_try_advisory_xact_lock(1684107380, 1) THEN
    RETURN false;
  END IF;
  SELECT s.slot, s.opened_at INTO STRICT newest_ FROM dapr_pubsub.segments s ORDER BY s.first_id DESC LIMIT 1;
  bytes_ := pg_total_relation_size(format('dapr_pubsub.messages_%s', newest_.slot)::regclass);
  IF bytes_ < most_bytes_ AND newest_.opened_at > clock_timestamp() - make_interval(secs => most_seconds_) THEN
    RETURN false;
  END IF;
  IF NOT EXISTS (SELECT FROM dapr_pubsub.messages m WHERE m.slot = newest_.slot) THEN
    RETURN false;
  END IF;
  SELECT min(free)::smallint INTO slot_ FROM generate_series(0, 7) AS free
  WHERE free NOT IN (SELECT s.slot FROM dapr_pubsub.segments s);
  IF slot_ IS NULL THEN
    RETURN false;
  END IF;
  -- Publishers that have begun end first; the next ones find the new segment.
  PERFORM set_config('lock_timeout', '2s', true);
  BEGIN
    PERFORM pg_advisory_xact_lock(1684107380, 0);
  EXCEPTION WHEN lock_not_available THEN
    RETURN false;
  END;
  INSERT INTO dapr_pubsub.segments (first_id, slot) VALUES (nextval('dapr_pubsub.message_id'), slot_);
  RETURN true;
END $$;
