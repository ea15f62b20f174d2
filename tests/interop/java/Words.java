import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * Text on the wire.  In: words between blanks, bytes outside the plain ones as
 * %XX, so that a name of any bytes is one word.  Out: JSON in ASCII.
 */
final class Words {
	private Words() {
	}

	static String[] split(String line) {
		if (line.isBlank())
			return new String[0];
		String[] words = line.strip().split(" +");
		for (int i = 0; i < words.length; i++)
			words[i] = unescape(words[i]);
		return words;
	}

	private static String unescape(String s) {
		ByteArrayOutputStream out = new ByteArrayOutputStream();
		for (int i = 0; i < s.length(); i++) {
			char c = s.charAt(i);
			if (c != '%') {
				out.write(c);
				continue;
			}
			out.write(Integer.parseInt(s.substring(i + 1, i + 3),
			    16));
			i += 2;
		}
		return out.toString(StandardCharsets.UTF_8);
	}

	/** Maps, lists, strings, numbers, booleans and null. */
	static String json(Object o) {
		StringBuilder b = new StringBuilder();
		put(b, o);
		return b.toString();
	}

	private static void put(StringBuilder b, Object o) {
		if (o instanceof Map<?, ?> m) {
			String sep = "{";
			for (Map.Entry<?, ?> e : m.entrySet()) {
				b.append(sep);
				text(b, e.getKey().toString());
				b.append(':');
				put(b, e.getValue());
				sep = ",";
			}
			b.append(m.isEmpty() ? "{}" : "}");
		} else if (o instanceof List<?> l) {
			String sep = "[";
			for (Object each : l) {
				b.append(sep);
				put(b, each);
				sep = ",";
			}
			b.append(l.isEmpty() ? "[]" : "]");
		} else if (o instanceof String s) {
			text(b, s);
		} else {
			b.append(o);
		}
	}

	private static void text(StringBuilder b, String s) {
		b.append('"');
		for (char c : s.toCharArray()) {
			if (c >= ' ' && c < 0x7f && c != '"' && c != '\\')
				b.append(c);
			else
				b.append(String.format("\\u%04x", (int) c));
		}
		b.append('"');
	}
}
