"""The code that the pages of the collection show: small, and full of what goes wrong on the way."""
# runs by hand, beside generators that are no dependency
# mypy: ignore-errors
# ruff: noqa: E101 - tabs inside the samples are the point

PYTHON = '''\
from dataclasses import dataclass


@dataclass
class Basket:
    """Fruit & more: prices are in €."""

    items: dict[str, float]

    def total(self, rate=0.19):
        net = sum(price for price in self.items.values() if price > 0)
        return net * (1 + rate) \\
            if net else 0.0


basket = Basket({"pear": 1.5, "äpfel": 2})
print(f"{basket.total():.2f} < 10 && ok")'''

C = """\
#include <stdio.h>

#define MAX(a, b) \\
	((a) > (b) ? (a) : (b))

int main(int argc, char **argv)
{
	int i, best = 0;

	for (i = 1; i < argc; i++) {
		best = MAX(best, argv[i][0] & 0x7f);	/* low bits */
	}
	printf("best: %d\\n", best);
	return best == 0;
}"""

JAVA = """\
import java.util.*;

public class Queue<T extends Comparable<T>> {
    private final List<T> items = new ArrayList<>();

    public void push(T item) {
        items.add(item);   // O(1)
    }

    public Optional<T> largest() {
        return items.isEmpty() ? Optional.empty() : Optional.of(Collections.max(items));
    }
}"""

JAVASCRIPT = """\
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

async function retry(task, times = 3) {
  for (let n = 0; n < times; n++) {
    try {
      return await task();
    } catch (error) {
      console.warn(`try ${n + 1} of ${times}: ${error.message}`);

      await wait(100 * 2 ** n);
    }
  }
  throw new Error("gave up");
}"""

RUST = """\
use std::collections::HashMap;

fn count<'a>(words: &[&'a str]) -> HashMap<&'a str, usize> {
    let mut seen = HashMap::new();
    for word in words {
        *seen.entry(*word).or_insert(0) += 1;
    }

    seen
}"""

SQL = """\
SELECT c.name, COUNT(*) AS orders
  FROM customers c
  JOIN orders o ON o.customer_id = c.id
 WHERE o.total >= 100
   AND c.name <> 'test & trial'
 GROUP BY c.name;"""

MAKEFILE = """\
CFLAGS = -O2 -Wall

all: app

app: main.o \\
     util.o
	$(CC) $(CFLAGS) -o $@ $^

clean:
	rm -f *.o app"""

HTML = """\
<!DOCTYPE html>
<html>
  <body>
    <p class="note">5 &lt; 6 &amp; 7</p>

    <script>if (a && b) { run("x"); }</script>
  </body>
</html>"""

SESSION = """\
$ mkdir demo && cd demo
$ git init
Initialized empty Git repository in /tmp/demo/.git/
$ printf 'a\\tb\\n' > table.txt

$ ls -l
total 4
-rw-r--r-- 1 me me 4 Jan  1 10:00 table.txt"""

DIFF = """\
--- a/parser.c
+++ b/parser.c
@@ -10,4 +10,5 @@ static int next(struct input *in)
 	if (in->pos >= in->len)
-		return 0;
+		return EOF;
+	/* bytes, not characters */
 	return in->buf[in->pos++];
 }"""

TICKS = """\
# Notes

```sh
echo "a fence inside"
```

Use ``code`` here."""

PROMPT = """\
>>> xs = [1, 2, 3]
>>> for x in xs:
...     print(x * x)
...
1
4
9"""

YAML = """\
services:
  web:
    image: "nginx:1.27"
    ports:
      - "8080:80"

    environment:
      GREETING: "hi & welcome"
"""[:-1]

BEFORE = "The listing below shows how the pieces fit together, and each line of it matters for what follows."
AFTER = "After the listing the text goes on to explain why the order of the steps was chosen in this way."
FRAME = ("Frame link to the shop", "Frame footer with imprint")


def page(body: str, title: str = "How the pieces fit", head: str = "") -> str:
    """A whole page: the body as an article between navigation and footer, prose before and behind."""
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>{head}</head>
<body>
<nav><ul><li><a href="/">{FRAME[0]}</a></li><li><a href="/about">About the site</a></li></ul></nav>
<main><article>
<h1>{title}</h1>
<p>{BEFORE}</p>
{body}
<p>{AFTER}</p>
</article></main>
<footer><p>{FRAME[1]}</p></footer>
</body></html>
"""
