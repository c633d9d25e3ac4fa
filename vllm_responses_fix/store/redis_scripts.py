"""What a Redis or Valkey server runs for the store, each script as one step.

A record's *name* is its owner, a colon and its id; owners are hexadecimal. Below the
prefix in KEYS[1] are

- `r:NAME`, a hash: conversation, parent (a name), status, updated, deleted, children,
  length and body;
- `c:CONVERSATION`, a set: the names of its records;
- `used`, a sorted set: conversations by their last use; `sizes`, a hash: their bytes;
- `unfinished`, a sorted set: names by `updated`;
- `gone`, a sorted set: names in the order they went; `gone:reasons`, a hash;
- `bytes`, `records`: of all; `last`, `gone:last`: the last numbers given.

Times are compared as the text that Python made of them: Lua would round them.
"""

_COMMON = """
local P = KEYS[1]
local now, expired, alive, stale = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local max_bytes = tonumber(ARGV[5])
local gone_kept, overhead = tonumber(ARGV[6]), tonumber(ARGV[7])
local AT_ONCE = 100
local removed = {expired = 0, evicted = 0}

local function forget(name)
    redis.call('ZREM', P .. 'gone', name)
    redis.call('HDEL', P .. 'gone:reasons', name)
end

local function remember(name, reason)
    redis.call('ZADD', P .. 'gone', redis.call('INCR', P .. 'gone:last'), name)
    redis.call('HSET', P .. 'gone:reasons', name, reason)
    while redis.call('ZCARD', P .. 'gone') > gone_kept do
        forget(redis.call('ZRANGE', P .. 'gone', 0, 0)[1])
    end
end

local function gone(name)
    return redis.call('HGET', P .. 'gone:reasons', name)
end

local function drop(name, reason)
    remember(name, reason)
    redis.call('DEL', P .. 'r:' .. name)
    redis.call('ZREM', P .. 'unfinished', name)
    redis.call('DECR', P .. 'records')
end

local function grow(conversation, by)
    redis.call('HINCRBY', P .. 'sizes', conversation, by)
    redis.call('INCRBY', P .. 'bytes', by)
    redis.call('ZADD', P .. 'used', now, conversation)
end

local function drop_conversation(conversation)
    redis.call('ZREM', P .. 'used', conversation)
    redis.call('HDEL', P .. 'sizes', conversation)
    redis.call('DEL', P .. 'c:' .. conversation)
end

local function remove(conversation, reason)
    for _, name in ipairs(redis.call('SMEMBERS', P .. 'c:' .. conversation)) do
        local deleted = redis.call('HGET', P .. 'r:' .. name, 'deleted')
        drop(name, deleted and 'deleted' or reason)
        removed[reason] = removed[reason] + 1
    end
    local size = redis.call('HGET', P .. 'sizes', conversation)
    redis.call('DECRBY', P .. 'bytes', size)
    drop_conversation(conversation)
end

local function in_progress()
    local conversations, number = {}, 0
    for _, name in ipairs(redis.call(
        'ZRANGEBYSCORE', P .. 'unfinished', '(' .. alive, '+inf'
    )) do
        local conversation = redis.call('HGET', P .. 'r:' .. name, 'conversation')
        if conversation then
            conversations[conversation] = true
            number = number + 1
        end
    end
    return conversations, number
end

local function is_over()
    return max_bytes and tonumber(redis.call('GET', P .. 'bytes') or '0') > max_bytes
end

local function retain()
    local old = redis.call(
        'ZRANGEBYSCORE', P .. 'used', '-inf', expired, 'LIMIT', 0, 1
    )
    if #old == 0 and not is_over() then
        return
    end
    local kept, number = in_progress()
    for _, conversation in ipairs(redis.call(
        'ZRANGEBYSCORE', P .. 'used', '-inf', expired, 'LIMIT', 0, AT_ONCE + number
    )) do
        if not kept[conversation] then
            remove(conversation, 'expired')
        end
    end
    local newest = redis.call('ZREVRANGE', P .. 'used', 0, 0)[1]
    for _, conversation in ipairs(redis.call(
        'ZRANGE', P .. 'used', 0, AT_ONCE + number - 1
    )) do
        -- The conversation that was used last stays.
        if not is_over() or conversation == newest then
            break
        end
        if not kept[conversation] then
            remove(conversation, 'evicted')
        end
    end
end

local function find(name)
    local found = redis.call(
        'HMGET', P .. 'r:' .. name, 'conversation', 'deleted', 'status', 'length'
    )
    local conversation = found[1]
    if not conversation then
        return nil
    end
    local used = tonumber(redis.call('ZSCORE', P .. 'used', conversation))
    if used <= tonumber(expired) and not in_progress()[conversation] then
        remove(conversation, 'expired')
        return nil
    end
    return {
        conversation = conversation,
        deleted = found[2],
        unfinished = found[3] == 'queued' or found[3] == 'in_progress',
        length = tonumber(found[4]),
        used = used,
    }
end

local function reply(...)
    return {removed.expired, removed.evicted, ...}
end
"""

PUT = (
    _COMMON
    + """
local new, name, parent, status, body = unpack(ARGV, 8)
local record = P .. 'r:' .. name
local found = find(name)
if found then
    if new == '1' then
        return reply('there')
    elseif found.deleted then
        return reply('deleted')
    elseif not found.unfinished then
        return reply('there')
    end
    redis.call(
        'HSET', record, 'status', status, 'updated', now, 'length', #body, 'body', body
    )
    grow(found.conversation, #body - found.length)
else
    if new ~= '1' and gone(name) == 'deleted' then
        return reply('deleted')
    end
    local conversation
    if parent == '' then
        conversation = string.format('%016d', redis.call('INCR', P .. 'last'))
    else
        local continued = find(parent)
        if not continued then
            return reply('no parent', gone(parent) or 'unknown')
        end
        conversation = continued.conversation
        redis.call('HINCRBY', P .. 'r:' .. parent, 'children', 1)
        redis.call('HSET', record, 'parent', parent)
    end
    redis.call(
        'HSET', record, 'conversation', conversation, 'status', status,
        'updated', now, 'length', #body, 'body', body
    )
    redis.call('SADD', P .. 'c:' .. conversation, name)
    redis.call('INCR', P .. 'records')
    forget(name)
    grow(conversation, #body + overhead)
end
if status == 'queued' or status == 'in_progress' then
    redis.call('ZADD', P .. 'unfinished', now, name)
else
    redis.call('ZREM', P .. 'unfinished', name)
end
retain()
return reply('put')
"""
)

READ = (
    _COMMON
    + """
local what, name = ARGV[8], ARGV[9]
local found = find(name)
if not found then
    return reply(gone(name) or 'unknown')
elseif found.deleted then
    return reply('deleted')
end
if found.used < tonumber(stale) then
    grow(found.conversation, 0)
end
local records = {}
repeat
    local record = redis.call(
        'HMGET', P .. 'r:' .. name, 'parent', 'status', 'updated',
        what == 'head' and 'no body' or 'body'
    )
    if not record[2] then
        -- The server itself has evicted it.
        return reply('evicted')
    end
    local parent = record[1]
    records[#records + 1] = {
        name, parent or '', record[2], record[3], record[4] or ''
    }
    name = parent
until not parent or what ~= 'chain'
return reply('found', records)
"""
)

DELETE = (
    _COMMON
    + """
local name = ARGV[8]
local found = find(name)
if not found then
    return reply(gone(name) or 'unknown')
elseif found.deleted then
    return reply('deleted')
end
redis.call('HSET', P .. 'r:' .. name, 'deleted', 1)
redis.call('ZREM', P .. 'unfinished', name)
local conversation = found.conversation
while name do
    local record = redis.call(
        'HMGET', P .. 'r:' .. name, 'deleted', 'children', 'parent', 'length'
    )
    -- One that was deleted earlier goes with the last that continues it.
    if not record[1] or tonumber(record[2] or '0') > 0 then
        break
    end
    drop(name, 'deleted')
    redis.call('SREM', P .. 'c:' .. conversation, name)
    grow(conversation, -tonumber(record[4]) - overhead)
    name = record[3]
    if name then
        redis.call('HINCRBY', P .. 'r:' .. name, 'children', -1)
    end
end
if redis.call('SCARD', P .. 'c:' .. conversation) == 0 then
    drop_conversation(conversation)
end
return reply('done')
"""
)

TOUCH = (
    _COMMON
    + """
local lost = {}
for i = 8, #ARGV do
    if redis.call('ZSCORE', P .. 'unfinished', ARGV[i]) then
        redis.call('ZADD', P .. 'unfinished', now, ARGV[i])
        redis.call('HSET', P .. 'r:' .. ARGV[i], 'updated', now)
    else
        lost[#lost + 1] = i - 8
    end
end
return reply(lost)
"""
)

RETAIN = _COMMON + "retain()\nreturn reply()\n"
