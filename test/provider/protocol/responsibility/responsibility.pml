/*
 * The responsibility protocol, for SPIN: one run, a hub and a provider, and all that can happen to them and between them.
 *
 * It is machine.ts, field by field and rule by rule; model.test.ts holds the two against each other. What comes of a step
 * is on disk before anything is said, so a crash is what the other side sees of it: what was not yet said is lost, and
 * the link. There is no clock: a wait may be over at any time. Each side loses and finds the link for itself, and what was
 * said on one link may come on the next: once, twice, late, overtaken, or never.
 *
 * `way` has for each point the epoch in which it was executed, plus one. A side never goes back within an epoch, which is
 * asserted, so that is a name which no other execution has: if the run goes on otherwise than what was released, it shows.
 *
 * POINTS: the run ends at this one, 7 at most. EPOCHS: who has come to this one does not begin another of its own accord.
 * SLOTS: messages to one side that are under way. AHEAD: points that the executing side may be ahead; 0 is synchronous.
 * CANCEL: somebody may cancel the run. VOLATILE: the provider keeps its stub in memory.
 * SET_BACK: this side's disk may be set back, once, to what it was at some time before. Then only CALM is asked for: what
 * was released is set back with it, and what was executed since may be executed otherwise. Nothing comes twice.
 * CALM: sooner or later nothing breaks any more, and the run has to end.
 * WALK: after a run comes the next, for as long as a simulation goes on.
 * NO_FENCE, EARLY, TAKE_BACK: a rule is broken, and SPIN has to say so.
 */
#if defined(NO_FENCE) || defined(EARLY) || defined(TAKE_BACK)
#define FLAWED
#endif

#if defined(FLAWED) || defined(SET_BACK)
#define LENIENT
#endif

#define HUB 0
#define PROVIDER 1
#define NO_WORD 0

mtype = { POINT, HELD, NOTHING, OVER };

/* As in stub.ts. The mode is AHEAD, and the same for the whole run. */
typedef Side {
  short epoch;
  byte base;
  byte point;
  short common;
  bit responsible;
  bit agreed;
  byte open;  /* a bit for each point that proposes another side than was proposed before it */
  bit offer;
  bit linked;
  int way
};

Side s[2];
byte released;
bool over;
int seen;  /* the way of what is released */

#ifdef SET_BACK
Side was;  /* the side's disk as it was */
byte wasReleased;
bool wasOver;
byte copies;  /* 1: there is a copy; 2: it has been put back */
#endif

/* type, epoch, base, from, point, whole, responsible, offer, way */
chan net[2] = [SLOTS] of { mtype, short, byte, byte, byte, bit, bit, bit, int };

#ifdef CALM
bool calm;   /* nothing breaks from here on */
bool alone;  /* there is no link then, and no provider */
bit turn;    /* whose it is to say again what may be lost: of two at once, one answer has no room */
#else
#define calm false
#define alone false
#endif

#define IS_EXECUTOR(i) ((s[i].epoch + 2) % 2 == i)
#define IS_END(i) (s[i].point == POINTS)
#define IS_OVER(i) (i == HUB && over)
#define KNOWN(i) (s[i].common > s[i].base -> s[i].common : s[i].base)

/* rules.ts */
#ifdef TAKE_BACK
#define MAY_TAKE_BACK(i) true
#else
#define MAY_TAKE_BACK(i) (i == HUB)
#endif
#ifdef NO_FENCE
#define ADMITS(i, other) true
#else
#define ADMITS(i, other) (other >= s[i].epoch)
#endif
#define IS_AGREED(i) (IS_EXECUTOR(i) -> (s[i].agreed == i && s[i].open == 0) : s[i].responsible == i)
#define IS_RESPONSIBLE(i) ((!s[i].offer || MAY_TAKE_BACK(i)) && IS_AGREED(i))
#define IS_WORKING(i) (IS_EXECUTOR(i) && !s[i].offer && !IS_END(i) && !IS_OVER(i))
#define MAY_EXECUTE(i) (IS_WORKING(i) && (s[i].linked -> s[i].point - KNOWN(i) <= AHEAD : IS_RESPONSIBLE(i)))
#define HAS_STUB(i) (s[i].epoch >= 0 && !IS_OVER(i))
#define NEEDS_NOBODY(i) (IS_EXECUTOR(i) && !s[i].offer && IS_RESPONSIBLE(i))
#define WAITS_TO_TAKE(i) (!s[i].linked && HAS_STUB(i) && !NEEDS_NOBODY(i) && (i == HUB || IS_RESPONSIBLE(i)))
#ifdef EARLY
#define RELEASABLE s[HUB].point
#else
#define RELEASABLE ((!IS_EXECUTOR(HUB) || NEEDS_NOBODY(HUB)) -> s[HUB].point : KNOWN(HUB))
#endif

/* The ways of the points up to this one, three bits each. */
#define WAY_TO(p) ((1 << (3 * (p))) - 1)
/* A bit for each point up to this one. */
#define THROUGH(p) ((2 << (p)) - 1)
/* Those who are proposed alternate: of these points, the last changed it so. */
#define CHANGED(bits) ((bits) ^ ((bits) >> 1) ^ ((bits) >> 2) ^ ((bits) >> 3) ^ ((bits) >> 4) ^ ((bits) >> 5) ^ ((bits) >> 6) ^ ((bits) >> 7))

/* What a step is about. All are zero between two steps. */
byte me;
mtype type, word;
short e, epochBefore;
byte b, f, p, k, pointBefore;
bit w, r, o;
int y;

#define NAME (me == HUB -> 'h' : 'p')

inline forget() {
  me = 0; type = 0; word = 0; e = 0; epochBefore = 0; pointBefore = 0; b = 0; f = 0; p = 0; k = 0; w = 0; r = 0; o = 0; y = 0
}

inline say() {
  if
  :: word == POINT ->
    e = s[me].epoch; b = s[me].base; f = KNOWN(me); p = s[me].point; w = (s[me].common < 0);
    r = s[me].responsible; o = s[me].offer; y = s[me].way
  :: word == HELD -> e = s[me].epoch; b = 0; f = 0; p = s[me].point; w = 0; r = 0; o = 0; y = 0
  :: word == NOTHING -> b = 0; f = 0; p = 0; w = 0; r = 0; o = 0; y = 0
  :: else -> e = 0; b = 0; f = 0; p = 0; w = 0; r = 0; o = 0; y = 0
  fi;
  if
  :: word == NO_WORD
  :: else ->
    printf("  says %e %d %d %d %d %d %d %d\n", word, e, b, f, p, w, r, o);
    /* Without room it is lost. */
    if
    :: len(net[1 - me]) < SLOTS -> net[1 - me]!!word, e, b, f, p, w, r, o, y
    :: else
    fi
  fi
}

inline release() {
#ifndef SET_BACK
  /* What is released stays part of the way that the run goes. */
  assert(s[HUB].point >= released);
  assert(((seen ^ s[HUB].way) & WAY_TO(released)) == 0);
#endif
  k = RELEASABLE;
  if
  :: !over && k > released -> released = k; seen = s[HUB].way & WAY_TO(k)
  :: else
  fi;
  if
  :: !over && IS_END(HUB) && released == POINTS -> over = true; word = OVER
  :: else
  fi
}

inline begin() {
  epochBefore = s[me].epoch;
  pointBefore = s[me].point
}

/* The end of each step. */
inline settle() {
  if
  :: me == HUB -> release()
  :: else
  fi;
#ifndef LENIENT
  /* Nobody goes back within an epoch, or in epochs: but who has no stub any more. */
  assert(s[me].epoch > epochBefore || (s[me].epoch == epochBefore && s[me].point >= pointBefore) || s[me].epoch < 0);
  /* Both are never responsible within one, until the run is over. */
  assert(over || s[HUB].epoch != s[PROVIDER].epoch || !IS_RESPONSIBLE(HUB) || !IS_RESPONSIBLE(PROVIDER));
#endif
  say();
  printf("  is %d %d %d %d %d %d %d %d %d %d %d %d %d\n", s[me].epoch, s[me].base, s[me].point, s[me].common, s[me].responsible,
    s[me].agreed, s[me].open, s[me].offer, s[me].linked, (me == HUB -> released : 0), IS_OVER(me),
    MAY_EXECUTE(me), WAITS_TO_TAKE(me));
  forget()
}

/* What a side says when the other may not know how things stand. */
inline announce() {
  word = (IS_OVER(me) -> OVER : (s[me].epoch < 0 -> NO_WORD : (IS_EXECUTOR(me) -> POINT : HELD)))
}

inline takeOver() {
  s[me].epoch = (IS_EXECUTOR(me) -> s[me].epoch + 2 : s[me].epoch + 1);
  s[me].base = s[me].point;
  s[me].common = -1;
  s[me].responsible = me;
  s[me].agreed = me;
  s[me].open = 0;
  s[me].offer = 0
}

/* This side has less than it has said. */
inline forgotten() {
#if defined(LENIENT)
  if
  :: me == PROVIDER -> word = NOTHING
  :: else ->
    s[me].epoch = (e > s[me].epoch -> e : s[me].epoch);
    takeOver();
    announce()
  fi
#else
  /* The hub keeps what it says. */
  assert(me == PROVIDER);
  word = NOTHING
#endif
}

#define IS_NEW (e > s[me].epoch)
#define IS_BEYOND (f > s[me].point || e > s[me].epoch + 1)
#define HAS_FORGOTTEN_POINT (e >= s[me].epoch && ((IS_NEW && !w) || (!(IS_NEW && me == PROVIDER) && IS_BEYOND)))
#define HAS_FORGOTTEN_HELD (IS_NEW || (e == s[me].epoch && p > s[me].point - s[me].offer))

inline hearPoint() {
  if
  :: e % 2 == me || !ADMITS(me, e) -> announce()
  :: else ->
    if
    :: HAS_FORGOTTEN_POINT -> forgotten()
    :: else ->
      if
      :: e == s[me].epoch && p <= s[me].point -> announce()
      :: else -> storePoint()
      fi
    fi
  fi
}

inline storePoint() {
  k = (w && me == PROVIDER -> 0 : f);
#ifndef SET_BACK
  /* What it goes on from is what is here. */
  assert(((s[me].way ^ y) & WAY_TO(k)) == 0);
#endif
  s[me].way = (s[me].way & WAY_TO(k)) | (y & WAY_TO(p) & ~WAY_TO(k));
  s[me].epoch = (o -> e + 1 : e);
  s[me].base = (o -> p : b);
  s[me].point = p;
  s[me].common = -1;
  s[me].responsible = r;
  s[me].agreed = r;
  s[me].open = 0;
  s[me].offer = 0;
  announce()
}

inline hearHeld() {
  if
  :: HAS_FORGOTTEN_HELD -> forgotten()
  :: else ->
    if
    :: !IS_EXECUTOR(me) || !ADMITS(me, e) -> announce()
    :: else ->
      if
      :: p <= s[me].common || p > s[me].point
      :: else ->
        s[me].agreed = (s[me].agreed ^ CHANGED(s[me].open & THROUGH(p))) & 1;
        s[me].open = s[me].open & ~THROUGH(p);
        s[me].common = p
      fi
    fi
  fi
}

inline hearNothing() {
  if
  :: me == PROVIDER || e != s[me].epoch
  :: else ->
    if
    :: IS_EXECUTOR(me) && !s[me].offer -> s[me].common = -1
    :: else -> takeOver()
    fi;
    announce()
  fi
}

#ifdef SET_BACK
inline copySide(to, from) {
  to.epoch = from.epoch;
  to.base = from.base;
  to.point = from.point;
  to.common = from.common;
  to.responsible = from.responsible;
  to.agreed = from.agreed;
  to.open = from.open;
  to.offer = from.offer;
  to.way = from.way
}

inline setBack() {
  copySide(s[SET_BACK], was);
  s[SET_BACK].linked = false;
  if
  :: SET_BACK == HUB -> released = wasReleased; over = wasOver; seen = seen & WAY_TO(released)
  :: else
  fi;
  copies = 2
}
#endif

inline loseStub() {
  s[PROVIDER].epoch = -2;
  s[PROVIDER].base = 0;
  s[PROVIDER].point = 0;
  s[PROVIDER].common = -1;
  s[PROVIDER].responsible = HUB;
  s[PROVIDER].agreed = HUB;
  s[PROVIDER].open = 0;
  s[PROVIDER].offer = 0;
  s[PROVIDER].way = 0
}

inline newRun() {
  s[HUB].epoch = 0;
  s[HUB].base = 0;
  s[HUB].point = 0;
  s[HUB].common = -1;
  s[HUB].responsible = HUB;
  s[HUB].agreed = HUB;
  s[HUB].open = 0;
  s[HUB].offer = 0;
  s[HUB].linked = 0;
  s[HUB].way = 0;
  loseStub();
  s[PROVIDER].linked = 0;
  released = 0;
  over = 0;
  seen = 0
#ifdef SET_BACK
  ;copies = 0
#endif
}

inline hear() {
  printf("%c hears %e %d %d %d %d %d %d %d\n", NAME, type, e, b, f, p, w, r, o);
  begin();
  if
  :: IS_OVER(me) -> word = (type == OVER -> NO_WORD : OVER)
  :: else ->
    if
    :: type == POINT -> hearPoint()
    :: type == HELD -> hearHeld()
    :: type == NOTHING -> hearNothing()
    :: type == OVER && me == PROVIDER -> loseStub()
    fi
  fi;
  settle()
}

inline reach() {
  printf("%c reached %d %d\n", NAME, r, o);
  begin();
  k = (s[me].agreed ^ CHANGED(s[me].open)) & 1;
  s[me].point++;
  s[me].open = (r == k -> s[me].open : s[me].open | (1 << s[me].point));
  s[me].responsible = r;
  s[me].offer = o;
  s[me].way = (s[me].way & WAY_TO(s[me].point - 1)) | ((s[me].epoch + 1) << (3 * (s[me].point - 1)));
  assert(s[me].epoch < 7);  /* `way` has room for it */
  word = (s[me].linked -> POINT : NO_WORD);
  settle()
}

/* What may happen to a side. */
#define MAY_GO(i) (MAY_EXECUTE(i) && !(i == PROVIDER && alone))
#define MAY_HEAR(i) (len(net[i]) > 0 && !alone)
#define MAY_LINK(i) (!s[i].linked && !alone)
#define MAY_LOSE(i) (s[i].linked && !calm)
#define MAY_TAKE(i) (WAITS_TO_TAKE(i) && (calm -> (alone && i == HUB) : s[i].epoch < EPOCHS))
#define EITHER(guard) (guard(HUB) || guard(PROVIDER))
#define CHOOSE(guard) EITHER(guard) -> if :: guard(HUB) -> me = HUB :: guard(PROVIDER) -> me = PROVIDER fi

#define IS_LINKED (s[HUB].linked && s[PROVIDER].linked)
#define IS_SILENT (len(net[HUB]) == 0 && len(net[PROVIDER]) == 0)
#define IS_DONE (over && (alone || s[PROVIDER].epoch < 0))

#ifdef CALM
ltl comes_to_its_end { [] (calm -> <> IS_DONE) }
#endif

active proctype pair() {
  d_step { newRun() };
  do
  :: atomic { CHOOSE(MAY_GO);
    /* Without a link there is nobody to agree with. */
    if
    :: s[me].linked -> r = 1 - me
    :: r = me
    fi;
    if
    :: s[me].linked && s[me].point + 1 < POINTS && s[me].epoch < EPOCHS -> o = 1
    :: o = 0
    fi;
    d_step { reach() } }

  :: atomic { CHOOSE(MAY_HEAR);
#if SLOTS > 1
    if
    :: len(net[me]) > 1 -> net[me]?type, e, b, f, p, w, r, o, y; net[me]!type, e, b, f, p, w, r, o, y
    :: true
    fi;
#endif
    if
    :: net[me]?type, e, b, f, p, w, r, o, y -> d_step { hear() }
#ifndef SET_BACK
    :: !calm -> net[me]?<type, e, b, f, p, w, r, o, y> -> d_step { hear() }
#endif
    :: !calm -> net[me]?type, e, b, f, p, w, r, o, y -> d_step { forget() }
    fi }

  :: atomic { CHOOSE(MAY_LINK); d_step {
    printf("%c linked\n", NAME);
    s[me].linked = true;
    announce();
    settle() } }

  /* Or crashes, and starts again. */
  :: atomic { CHOOSE(MAY_LOSE); d_step {
    printf("%c loses\n", NAME);
    s[me].linked = false;
    settle() } }

  :: atomic { CHOOSE(MAY_LOSE); d_step {
    printf("%c resends\n", NAME);
    announce();
    settle() } }

  :: atomic { CHOOSE(MAY_TAKE); d_step {
    printf("%c waited\n", NAME);
    begin();
    takeOver();
    settle() } }

#ifdef CANCEL
  :: d_step { !over && !calm ->
    printf("h cancels\n");
    takeOver();
    over = true;
    word = OVER;
    settle() }
#endif

#ifdef VOLATILE
  /* Crashes, and has nothing. What was said before is of another session. */
  :: d_step { s[PROVIDER].epoch >= 0 && !calm ->
    me = PROVIDER;
    printf("%c forgets\n", NAME);
    loseStub();
    s[PROVIDER].linked = false;
    do
    :: len(net[PROVIDER]) > 0 -> net[PROVIDER]?type, e, b, f, p, w, r, o, y
    :: len(net[PROVIDER]) == 0 && len(net[HUB]) > 0 -> net[HUB]?type, e, b, f, p, w, r, o, y
    :: else -> break
    od;
    settle() }
#endif

#ifdef SET_BACK
  :: d_step { copies == 0 && !calm ->
    copySide(was, s[SET_BACK]);
    wasReleased = released;
    wasOver = over;
    copies = 1;
    me = SET_BACK;
    printf("%c copies\n", NAME);
    settle() }

  :: d_step { copies == 1 && !calm ->
    setBack();
    me = SET_BACK;
    printf("%c goes-back\n", NAME);
    settle() }
#endif

#ifdef CALM
  :: d_step { !calm -> calm = true }
  :: d_step { !calm && !s[HUB].linked -> calm = true; alone = true }
  /* Nothing has come for a while. */
  :: d_step { calm && IS_LINKED && IS_SILENT && !EITHER(MAY_EXECUTE) && !IS_DONE ->
    turn = 1 - turn; me = turn; announce(); say(); forget() }
#endif

#ifdef WALK
  :: d_step { IS_DONE && IS_SILENT -> printf("new run\n"); newRun() }
#else
  :: IS_DONE && IS_SILENT -> break
#endif
  od
}
